-- Notes that an operator has looked at an unreadable record: the first one counts.
-- $1 id bigint, $2 actor text, $3 reason text
WITH seen AS (
    UPDATE unreadable_records SET seen_at = now(), seen_by = $2::text WHERE id = $1::bigint AND seen_at IS NULL RETURNING id
)
INSERT INTO audit (actor, action, reason, fields) SELECT $2::text, 'see_record', $3::text, ARRAY[id::text] FROM seen
