-- Whether a replay runs, and nothing delays it.
-- $1 replay_id uuid
SELECT state = 'running' AND held_up_by IS NULL FROM replays WHERE replay_id = $1::uuid
