-- What is due, oldest first, and when this read of it begins; nothing is locked or changed.
-- $1 limit int
SELECT statement_timestamp() AS began_at, data_area_id, key_kind, key, version, misses
FROM due_reads
WHERE due_at <= clock_timestamp()
ORDER BY due_at
LIMIT $1
