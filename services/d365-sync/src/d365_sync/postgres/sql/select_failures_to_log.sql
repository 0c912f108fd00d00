-- Failed documents due to be recorded in D365's own document queue.
-- $1 how many int
SELECT web_case_id, submission_no, submission_id, data_area_id, customer_account, state, cause, reason, detail, failure_log_tries FROM documents
WHERE failure_log_at <= now() ORDER BY failure_log_at LIMIT $1::int
