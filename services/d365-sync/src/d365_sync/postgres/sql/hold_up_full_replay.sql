-- Notes that a replay makes no progress because too many of its documents wait for D365.
-- $1 replay_id uuid, $2 most of its documents in the queue at once int
UPDATE replays SET
    held_up_by = format('%s of its documents wait for D365. GET /v1/delivery and these documents show why', $2::int), changed_at = now()
WHERE replay_id = $1::uuid AND state = 'running' AND held_up_by IS NULL
    AND $2::int <= (
        SELECT count(*) FROM documents
        WHERE replay_id = $1::uuid AND state IN ('pending', 'delivering', 'verifying', 'deferred')
    )
