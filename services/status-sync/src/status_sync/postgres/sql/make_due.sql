-- Makes cases due for a read now, and gives each a new version, so that a read under way does not settle it.
-- $1 data_area_id text[], $2 key_kind text[], $3 key text[] (sorted: locks are taken in one order), $4 traceparent text[]
INSERT INTO due_reads (data_area_id, key_kind, key, due_at, traceparent)
SELECT made_due.data_area_id, made_due.key_kind, made_due.key, clock_timestamp(), made_due.traceparent
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS made_due (data_area_id, key_kind, key, traceparent)
ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET
    due_at = least(due_reads.due_at, excluded.due_at), version = excluded.version, misses = 0,
    traceparent = coalesce(excluded.traceparent, due_reads.traceparent)
