-- Notes that a poll has ended now.
INSERT INTO sync_state (name, done_at) VALUES ('poll', clock_timestamp())
ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at
