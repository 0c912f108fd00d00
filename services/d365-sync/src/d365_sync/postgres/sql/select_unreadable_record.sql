-- One record that could not be read.
-- $1 id bigint
SELECT id, topic, partition, record_offset, last_offset, consumer_group, key, value, headers, cause, recorded_at, kept_at, seen_at, seen_by, seen_by_subject, seen_by_issuer
FROM unreadable_records WHERE id = $1::bigint
