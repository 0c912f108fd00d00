-- Replays with work to do, oldest first.
-- $1 how many int
SELECT replay_id, dry_run FROM replays WHERE state = 'running' ORDER BY created_at, replay_id LIMIT $1::int
