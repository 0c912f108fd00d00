-- Notes the time of PostgreSQL's clock and returns true; no row, and nothing noted, if the clock is behind what was noted before.
INSERT INTO sync_state AS s (name, done_at) VALUES ('clock', clock_timestamp())
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at <= excluded.done_at
RETURNING true
