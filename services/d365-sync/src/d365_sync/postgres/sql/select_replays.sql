-- A page of replays, newest first.
-- $1 after created_at timestamptz, $2 replay_id uuid (null: from the newest), $3 how many int
SELECT
    replay_id, state, dry_run, query, dry_run_id, actor, actor_subject, actor_issuer, reason, created_at, changed_at,
    ended_at, held_up_by, documents, replayed, left_out, would_create,
    already_there, still_invalid
FROM replays
WHERE $1::timestamptz IS NULL OR (created_at, replay_id) < ($1::timestamptz, $2::uuid)
ORDER BY created_at DESC, replay_id DESC LIMIT $3::int
