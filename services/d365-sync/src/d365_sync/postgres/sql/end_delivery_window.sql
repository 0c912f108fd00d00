-- Ends a maintenance window under way, or cancels a future one. No row if it is over or does not exist.
-- $1 window_id uuid, $2 actor text[] (name, subject, issuer), $3 reason text
WITH ended AS (
    UPDATE delivery_windows SET ends_at = greatest(begins_at, now()), ended_by = ($2::text[])[1], ended_by_subject = ($2::text[])[2],
        ended_by_issuer = ($2::text[])[3], ended_reason = $3::text
    WHERE window_id = $1::uuid AND ends_at > now() AND ended_by IS NULL
    RETURNING window_id
), noted AS (
    INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, fields)
    SELECT ($2::text[])[1], ($2::text[])[2], ($2::text[])[3], 'end_window', $3::text, ARRAY[window_id::text] FROM ended
)
SELECT window_id FROM ended
