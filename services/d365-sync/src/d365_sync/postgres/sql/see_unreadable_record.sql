-- Notes that an operator has looked at an unreadable record: the first one counts.
-- $1 id bigint, $2 actor text[] (name, subject, issuer), $3 reason text
WITH seen AS (
    UPDATE unreadable_records SET seen_at = now(), seen_by = ($2::text[])[1], seen_by_subject = ($2::text[])[2], seen_by_issuer = ($2::text[])[3]
    WHERE id = $1::bigint AND seen_at IS NULL RETURNING id
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, fields)
SELECT ($2::text[])[1], ($2::text[])[2], ($2::text[])[3], 'see_record', $3::text, ARRAY[id::text] FROM seen
