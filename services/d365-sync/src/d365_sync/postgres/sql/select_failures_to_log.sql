-- Failed documents due to be recorded in D365's own document queue; none while paused or in a maintenance window.
-- $1 how many int
SELECT web_case_id, submission_no, submission_id, data_area_id, customer_account, state, cause, reason, detail, failure_log_tries FROM documents
WHERE failure_log_at <= now()
    AND EXISTS (SELECT FROM delivery_control WHERE NOT paused)
    AND NOT EXISTS (SELECT FROM delivery_windows WHERE begins_at <= now() AND ends_at > now())
ORDER BY failure_log_at LIMIT $1::int
