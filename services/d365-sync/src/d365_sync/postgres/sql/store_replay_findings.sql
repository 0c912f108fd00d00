-- Stores what a dry run found about documents, and its position. No row if it does not run, or if the leader's lease is
-- gone.
-- $1 replay_id uuid, $2 places int[], $3 outcomes text[], $4 details text[], $5 leader's lease name text, $6 its token
-- bigint
WITH replay AS (
    SELECT replay_id FROM replays
    WHERE replay_id = $1::uuid AND state = 'running' AND dry_run
        AND EXISTS (SELECT FROM leases WHERE name = $5::text AND token = $6::bigint AND expires_at > clock_timestamp())
    FOR UPDATE
), done AS (
    UPDATE replay_documents AS l SET outcome = found.outcome, detail = found.detail
    FROM replay CROSS JOIN unnest($2::int[], $3::text[], $4::text[]) AS found (place, outcome, detail)
    WHERE l.replay_id = replay.replay_id AND l.place = found.place AND l.outcome IS NULL
    RETURNING l.outcome
), counted AS (
    SELECT
        count(*)::int AS done,
        count(*) FILTER (WHERE outcome = 'left_out')::int AS left_out,
        count(*) FILTER (WHERE outcome = 'would_create')::int AS would_create,
        count(*) FILTER (WHERE outcome = 'already_there')::int AS already_there,
        count(*) FILTER (WHERE outcome = 'still_invalid')::int AS still_invalid
    FROM done
)
UPDATE replays AS r SET
    left_out = r.left_out + c.left_out,
    would_create = r.would_create + c.would_create,
    already_there = r.already_there + c.already_there,
    still_invalid = r.still_invalid + c.still_invalid,
    state = CASE WHEN r.left_out + r.would_create + r.already_there + r.still_invalid + c.done = r.documents THEN 'completed' ELSE r.state END,
    ended_at = CASE WHEN r.left_out + r.would_create + r.already_there + r.still_invalid + c.done = r.documents THEN now() END,
    held_up_by = NULL,
    changed_at = now()
FROM counted AS c
WHERE r.replay_id = $1::uuid AND c.done > 0
RETURNING c.done
