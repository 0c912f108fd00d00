-- Delivered documents due to be compared with what D365 stored. $1 how many int
SELECT web_case_id, submission_no, submission_id, data_area_id, customer_account, content, created_by, case_id, traceparent
FROM documents
WHERE compare_at <= now() AND state = 'delivered' AND content IS NOT NULL AND case_id IS NOT NULL
ORDER BY compare_at LIMIT $1::int
