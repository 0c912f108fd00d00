-- A page of a dealer's cases, newest first, each with the state of its current submission.
-- $1 dealer, $2 created_at and $3 web_case_id of the last case of the page before (null: the first page), $4 rows at most
SELECT
    c.*, s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at
FROM cases c
LEFT JOIN submission_states s USING (web_case_id, submission_no)
WHERE c.dealer = $1 AND (c.created_at, c.web_case_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::text, ''))
ORDER BY c.created_at DESC, c.web_case_id DESC
LIMIT $4
