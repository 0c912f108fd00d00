-- A doorbell: makes cases due for a read now, and gives each a new version, so that a read under way does not settle it.
-- $1 data_area_id text[], $2 key_kind text[], $3 key text[] (sorted: locks are taken in one order)
INSERT INTO due_reads (data_area_id, key_kind, key, due_at)
SELECT made_due.data_area_id, made_due.key_kind, made_due.key, clock_timestamp()
FROM unnest($1::text[], $2::text[], $3::text[]) AS made_due (data_area_id, key_kind, key)
ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET
    due_at = least(due_reads.due_at, excluded.due_at), version = excluded.version, misses = 0
