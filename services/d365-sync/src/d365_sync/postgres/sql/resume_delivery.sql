-- Goes on claiming documents.
-- $1 actor text, $2 reason text
WITH changed AS (
    UPDATE delivery_control SET paused = false, paused_by = NULL, paused_reason = NULL, paused_at = NULL
    RETURNING true
)
INSERT INTO audit (actor, action, reason) SELECT $1::text, 'resume', $2::text FROM changed
