-- One replay, and its documents by their current state.
-- $1 replay_id uuid
SELECT
    r.replay_id, r.state, r.dry_run, r.query, r.dry_run_id, r.actor, r.actor_subject, r.actor_issuer, r.reason, r.created_at, r.changed_at,
    r.ended_at, r.held_up_by, r.documents, r.replayed,
    r.left_out, r.would_create, r.already_there, r.still_invalid, stand.states
FROM replays AS r
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(state, documents), '{}') AS states
    FROM (
        SELECT state, count(*)::int AS documents FROM documents
        WHERE replay_id = r.replay_id
            AND state IN ('pending', 'delivering', 'verifying', 'deferred', 'delivered', 'failed', 'returned', 'discarded')
        GROUP BY state
    ) AS counted
) AS stand
WHERE r.replay_id = $1::uuid
