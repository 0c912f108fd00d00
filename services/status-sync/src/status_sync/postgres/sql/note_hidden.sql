-- A read that began then showed a case which dealers may not see (any more): see last_hidden.sql.
-- $1 began_at timestamptz
INSERT INTO sync_state AS s (name, done_at) VALUES ('hidden', $1)
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at < excluded.done_at
