-- Returns true, and notes it, if it is time to count the cases whose status is unknown; no row if the last count is younger.
-- $1 age of the last count interval
INSERT INTO sync_state AS s (name, done_at) VALUES ('statuses', clock_timestamp())
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at < clock_timestamp() - $1::interval
RETURNING true
