-- Notes that a failure was recorded in D365's own document queue, or when to try again.
-- $1 web_case_id text, $2 submission_no int, $3 seconds until the next try float, null for none
UPDATE documents SET failure_log_at = now() + make_interval(secs => $3::float8), failure_log_tries = failure_log_tries + 1
WHERE web_case_id = $1::text AND submission_no = $2::int
