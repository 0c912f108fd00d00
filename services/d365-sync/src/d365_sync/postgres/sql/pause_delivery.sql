-- Stops claiming documents.
-- $1 actor text[] (name, subject, issuer), $2 reason text
WITH changed AS (
    UPDATE delivery_control SET paused = true, paused_by = ($1::text[])[1], paused_by_subject = ($1::text[])[2], paused_by_issuer = ($1::text[])[3],
        paused_reason = $2::text, paused_at = now()
    RETURNING true
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason)
SELECT ($1::text[])[1], ($1::text[])[2], ($1::text[])[3], 'pause', $2::text FROM changed
