-- The state of a replay.
-- $1 replay_id uuid
SELECT state FROM replays WHERE replay_id = $1::uuid
