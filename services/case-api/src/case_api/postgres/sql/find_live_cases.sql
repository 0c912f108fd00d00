-- Returns cases of some dealers, like get_case, with the revision of the submission's stored state and what d365-sync has of it.
-- $1 web_case_id[], $2 dealer[]
SELECT
    c.*, s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at, s.revision,
    d.revision AS newest_revision, d.state AS newest_state, d.case_id AS newest_case_id, d.cause AS newest_cause,
    d.reason AS newest_reason, d.attempts AS newest_attempts, d.delivered_at AS newest_delivered_at
FROM cases c
LEFT JOIN submission_states s USING (web_case_id, submission_no)
LEFT JOIN submissions u USING (web_case_id, submission_no)
LEFT JOIN d365_sync.deliveries d
    ON d.web_case_id = u.web_case_id AND d.submission_no = u.submission_no AND d.submission_id = u.submission_id
WHERE c.web_case_id = ANY ($1::text[]) AND c.dealer = ANY ($2::text[])
