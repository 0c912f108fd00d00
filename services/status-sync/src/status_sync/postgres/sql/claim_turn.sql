-- Returns true, and notes it, if it is time to do something again; no row if the last time is younger.
-- $1 name text, $2 age of the last time interval
INSERT INTO sync_state AS s (name, done_at) VALUES ($1, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at < clock_timestamp() - $2::interval
RETURNING true
