-- Plans a maintenance window, in which nothing is sent to D365.
-- $1 begins_at timestamptz or null for now, $2 ends_at timestamptz, $3 actor text[] (name, subject, issuer), $4 reason text
WITH added AS (
    INSERT INTO delivery_windows (begins_at, ends_at, reason, created_by, created_by_subject, created_by_issuer)
    VALUES (coalesce($1::timestamptz, now()), $2::timestamptz, $4::text, ($3::text[])[1], ($3::text[])[2], ($3::text[])[3])
    RETURNING window_id
), noted AS (
    INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, fields)
    SELECT ($3::text[])[1], ($3::text[])[2], ($3::text[])[3], 'add_window', $4::text, ARRAY[window_id::text] FROM added
)
SELECT window_id FROM added
