-- How a replay stands.
-- $1 replay_id uuid
SELECT state FROM replays WHERE replay_id = $1::uuid
