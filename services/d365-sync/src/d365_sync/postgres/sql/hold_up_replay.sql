-- Notes why a dry run makes no progress for now.
-- $1 replay_id uuid, $2 why text
UPDATE replays SET held_up_by = $2::text, changed_at = now()
WHERE replay_id = $1::uuid AND state = 'running' AND held_up_by IS DISTINCT FROM $2::text
