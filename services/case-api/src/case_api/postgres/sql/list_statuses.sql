-- Returns the statuses that D365 gave a case, oldest first.
-- $1 web_case_id
SELECT status, as_of FROM status_sync.status_changes WHERE web_case_id = $1 ORDER BY as_of
