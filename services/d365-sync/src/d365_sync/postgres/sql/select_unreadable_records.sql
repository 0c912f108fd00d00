-- A page of records that could not be read, newest first.
-- $1 below this id bigint or null, $2 how many int
SELECT id, topic, partition, record_offset, consumer_group, key, value, headers, cause, recorded_at, kept_at FROM unreadable_records
WHERE $1::bigint IS NULL OR id < $1::bigint ORDER BY id DESC LIMIT $2::int
