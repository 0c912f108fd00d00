-- Stops claiming documents.
-- $1 actor text, $2 reason text
WITH changed AS (
    UPDATE delivery_control SET paused = true, paused_by = $1::text, paused_reason = $2::text, paused_at = now()
    RETURNING true
)
INSERT INTO audit (actor, action, reason) SELECT $1::text, 'pause', $2::text FROM changed
