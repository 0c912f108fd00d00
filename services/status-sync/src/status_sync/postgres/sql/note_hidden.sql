-- Notes that a read showed a case hidden from dealers (perhaps only now): see last_hidden.sql.
-- $1 began_at timestamptz
INSERT INTO sync_state AS s (name, done_at) VALUES ('hidden', $1)
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at < excluded.done_at
