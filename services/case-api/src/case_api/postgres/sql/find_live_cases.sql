-- Cases of some dealers, as get_case has them, with the submission's id and the revision of its state.
-- $1 web_case_id[], $2 dealer[]
SELECT
    c.*, s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at, s.revision,
    u.submission_id
FROM cases c
LEFT JOIN submission_states s USING (web_case_id, submission_no)
LEFT JOIN submissions u USING (web_case_id, submission_no)
WHERE c.web_case_id = ANY ($1::text[]) AND c.dealer = ANY ($2::text[])
