-- The document of a legal entity that has been on its way to D365 the longest.
-- $1 data_area_id text
SELECT web_case_id FROM documents
WHERE state IN ('pending', 'delivering', 'verifying', 'deferred') AND data_area_id = $1::text COLLATE "C"
ORDER BY submitted_at, web_case_id, submission_no LIMIT 1
