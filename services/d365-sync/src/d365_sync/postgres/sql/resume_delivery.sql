-- Starts claiming documents again.
-- $1 actor text[] (name, subject, issuer), $2 reason text
WITH changed AS (
    UPDATE delivery_control SET paused = false, paused_by = NULL, paused_by_subject = NULL, paused_by_issuer = NULL, paused_reason = NULL, paused_at = NULL
    RETURNING true
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason)
SELECT ($1::text[])[1], ($1::text[])[2], ($1::text[])[3], 'resume', $2::text FROM changed
