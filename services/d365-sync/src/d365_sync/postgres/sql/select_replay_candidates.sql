-- The next documents for a dry run to check.
-- $1 replay_id uuid, $2 how many int
SELECT l.place, d.web_case_id, d.submission_no, d.submission_id, d.data_area_id, d.customer_account, d.created_by, d.content, d.state,
    d.revision <> l.revision AS changed
FROM replay_documents AS l JOIN documents AS d USING (web_case_id, submission_no)
WHERE l.replay_id = $1::uuid AND l.outcome IS NULL
ORDER BY l.place LIMIT $2::int
