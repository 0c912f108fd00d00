-- Returns a dealer's case with the state of its current submission.
-- $1 dealer, $2 web_case_id
SELECT
    c.*, s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at
FROM cases c
LEFT JOIN submission_states s USING (web_case_id, submission_no)
WHERE c.dealer = $1 AND c.web_case_id = $2
