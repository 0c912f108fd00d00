-- Delivered documents due to be compared with what D365 stored; none while paused or in a maintenance window.
-- $1 how many int
SELECT web_case_id, submission_no, submission_id, data_area_id, customer_account, content, created_by, case_id, traceparent
FROM documents
WHERE compare_at <= now() AND state = 'delivered' AND content IS NOT NULL AND case_id IS NOT NULL
    AND EXISTS (SELECT FROM delivery_control WHERE NOT paused)
    AND NOT EXISTS (SELECT FROM delivery_windows WHERE begins_at <= now() AND ends_at > now())
ORDER BY compare_at LIMIT $1::int
