-- Keeps a record that could not be read, or a range of them that cannot be separated; once, however often it is delivered.
-- $1 topic text, $2 partition int, $3 first offset bigint, $4 last offset bigint, $5 consumer group text, $6 key bytea, $7 value bytea, $8 headers jsonb, $9 cause text, $10 record time timestamptz
INSERT INTO d365_sync.unreadable_records
    (topic, partition, record_offset, last_offset, consumer_group, key, value, headers, cause, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (topic, partition, record_offset, consumer_group) DO NOTHING
