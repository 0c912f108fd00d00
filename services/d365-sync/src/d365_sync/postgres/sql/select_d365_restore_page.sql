-- What a restore of D365 must look up next, in one legal entity, and the time at which that begins.
-- $1 restore_id uuid, $2 how many int
WITH next AS (
    SELECT place, web_case_id, submission_no, data_area_id FROM d365_restore_documents
    WHERE restore_id = $1::uuid AND outcome IS NULL ORDER BY place LIMIT $2::int
)
SELECT
    n.place, d.web_case_id, d.submission_no, d.submission_id, d.data_area_id, d.customer_account, d.content, d.created_by, d.state, d.cause,
    d.case_id, d.revision, clock_timestamp() AS began_at
FROM next AS n JOIN documents AS d USING (web_case_id, submission_no)
WHERE n.data_area_id = (SELECT data_area_id FROM next ORDER BY place LIMIT 1)
ORDER BY n.place
