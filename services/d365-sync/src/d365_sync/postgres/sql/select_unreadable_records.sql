-- A page of records that could not be read, newest first.
-- $1 topic text, $2 seen boolean, $3 below this id bigint; null for no filter; $4 how many int
SELECT id, topic, partition, record_offset, last_offset, consumer_group, key, value, headers, cause, recorded_at, kept_at, seen_at, seen_by, seen_by_subject, seen_by_issuer
FROM unreadable_records
WHERE ($1::text IS NULL OR topic = $1::text) AND ($2::boolean IS NULL OR (seen_at IS NOT NULL) = $2::boolean)
    AND ($3::bigint IS NULL OR id < $3::bigint)
ORDER BY id DESC LIMIT $4::int
