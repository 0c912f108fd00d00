-- Keeps a record that could not be read, once however often it is delivered.
-- $1 topic text, $2 partition int, $3 offset bigint, $4 consumer group text, $5 key bytea, $6 value bytea, $7 headers jsonb, $8 cause text, $9 record time timestamptz
INSERT INTO d365_sync.unreadable_records (topic, partition, record_offset, consumer_group, key, value, headers, cause, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (topic, partition, record_offset, consumer_group) DO NOTHING
