-- Pauses, resumes or cancels a replay. No row if its state does not permit that.
-- $1 replay_id uuid, $2 states in which it is possible text[], $3 new state text, $4 action text, $5 actor text[]
-- (name, subject, issuer), $6 reason text
WITH changed AS (
    UPDATE replays SET state = $3::text, changed_at = now(), ended_at = CASE WHEN $3::text = 'canceled' THEN now() END
    WHERE replay_id = $1::uuid AND state = ANY($2::text[])
    RETURNING replay_id
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, replay_id)
SELECT ($5::text[])[1], ($5::text[])[2], ($5::text[])[3], $4::text || '_replay', $6::text, replay_id FROM changed
RETURNING id
