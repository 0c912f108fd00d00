-- Moves the poll's position on, never back, and only in the round in which the poll began.
-- $1 modified_at timestamptz, $2 round bigint
INSERT INTO sync_state AS s (name, modified_at) VALUES ('poll', $1)
ON CONFLICT (name) DO UPDATE SET modified_at = greatest(s.modified_at, excluded.modified_at) WHERE s.round = $2
