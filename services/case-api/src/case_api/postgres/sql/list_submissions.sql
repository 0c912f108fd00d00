-- Returns all submissions of a case with their states and noted changes, oldest first.
-- $1 dealer, $2 web_case_id
SELECT
    s.submission_no, s.submitted_by, s.submitted_at, s.content, x.state, x.state_at, x.case_id AS submission_case_id, x.cause,
    x.reason, x.attempts, x.delivered_at, x.sent_at,
    ARRAY (
        SELECT to_jsonb(h) FROM submission_changes h
        WHERE h.web_case_id = s.web_case_id AND h.submission_no = s.submission_no
        ORDER BY h.revision
    ) AS changes
FROM submissions s
JOIN submission_states x USING (web_case_id, submission_no)
WHERE s.dealer = $1 AND s.web_case_id = $2
ORDER BY s.submission_no
