-- Puts a replay's next dead letters back into the queue, with their audit entries and the replay's position: all or
-- nothing. Leaves a document that is being looked up for a later step; leaves out one that has changed since the replay
-- was ordered. The replay's row is locked first, so that pause and cancel take effect between two steps. No row if
-- nothing was done: the replay does not run, the leader's lease is gone, or there is no room.
-- $1 replay_id uuid, $2 how many int, $3 most documents of this replay in the queue at once int, $4 leader's lease name
-- text, $5 its token bigint
WITH replay AS (
    SELECT replay_id, actor, actor_subject, actor_issuer, reason FROM replays
    WHERE replay_id = $1::uuid AND state = 'running' AND NOT dry_run
        AND EXISTS (SELECT FROM leases WHERE name = $4::text AND token = $5::bigint AND expires_at > clock_timestamp())
    FOR UPDATE
), room AS (
    SELECT greatest(0, least($2::int, $3::int - count(*)))::int AS places FROM documents
    WHERE replay_id = $1::uuid AND state IN ('pending', 'delivering', 'verifying', 'deferred')
), next AS (
    SELECT l.place, l.web_case_id, l.submission_no, l.revision, d.state, d.content IS NULL AS emptied
    FROM replay
    JOIN replay_documents AS l USING (replay_id)
    JOIN documents AS d USING (web_case_id, submission_no)
    WHERE l.outcome IS NULL AND NOT (d.state = 'failed' AND d.lease_token IS NOT NULL)
    ORDER BY l.place
    LIMIT (SELECT places FROM room)
    FOR UPDATE OF d SKIP LOCKED
), changed AS (
    UPDATE documents AS d SET
        state = 'pending', cause = NULL, reason = NULL, detail = NULL, given_reason = NULL, replay_id = $1::uuid,
        rank = 1, due_at = now(), read_back_first = true, posts = 0, waits = 0, retried = false, verdict = NULL, verify_at = NULL,
        failure_log_at = NULL, revision = d.revision + 1, changed_at = now()
    FROM next AS n
    WHERE d.web_case_id = n.web_case_id AND d.submission_no = n.submission_no AND d.revision = n.revision
        AND d.state = 'failed' AND d.lease_token IS NULL AND d.content IS NOT NULL
    RETURNING d.web_case_id, d.submission_no
), noted AS (
    INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, submission_no, reason, replay_id)
    SELECT
        replay.actor, replay.actor_subject, replay.actor_issuer, 'replay', c.web_case_id, c.submission_no, replay.reason, replay.replay_id FROM replay CROSS JOIN changed AS c
), done AS (
    UPDATE replay_documents AS l SET
        outcome = CASE WHEN c.web_case_id IS NOT NULL THEN 'replayed' ELSE 'left_out' END,
        detail = CASE
            WHEN c.web_case_id IS NOT NULL THEN NULL
            WHEN n.state <> 'failed' THEN 'The document is now ' || n.state
            WHEN n.emptied THEN 'The payload was emptied. Replay this document alone, with a payload'
            ELSE 'The document has failed again since the replay was ordered'
        END
    FROM next AS n LEFT JOIN changed AS c USING (web_case_id, submission_no)
    WHERE l.replay_id = $1::uuid AND l.place = n.place AND l.outcome IS NULL
    RETURNING l.outcome
), counted AS (
    SELECT count(*) FILTER (WHERE outcome = 'replayed')::int AS replayed, count(*) FILTER (WHERE outcome = 'left_out')::int AS left_out FROM done
)
UPDATE replays AS r SET
    replayed = r.replayed + c.replayed,
    left_out = r.left_out + c.left_out,
    state = CASE WHEN r.replayed + r.left_out + c.replayed + c.left_out = r.documents THEN 'completed' ELSE r.state END,
    ended_at = CASE WHEN r.replayed + r.left_out + c.replayed + c.left_out = r.documents THEN now() END,
    held_up_by = NULL,
    changed_at = now()
FROM counted AS c
WHERE r.replay_id = $1::uuid AND c.replayed + c.left_out > 0
RETURNING c.replayed + c.left_out AS done
