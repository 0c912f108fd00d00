-- Returns what is due, oldest first within each legal entity, and when this read of it begins; locks and changes nothing.
-- Each legal entity has its share, so that the backlog of one does not delay the others.
-- $1 limit for each legal entity int, $2 legal entities that are left alone text[]
WITH RECURSIVE legal_entities AS (
    SELECT min(data_area_id) AS data_area_id FROM due_reads
    UNION ALL
    SELECT (SELECT min(d.data_area_id) FROM due_reads AS d WHERE d.data_area_id > e.data_area_id)
    FROM legal_entities AS e
    WHERE e.data_area_id IS NOT NULL
)
SELECT statement_timestamp() AS began_at, d.data_area_id, d.key_kind, d.key, d.version, d.misses, d.traceparent
FROM legal_entities AS e
CROSS JOIN LATERAL (
    SELECT * FROM due_reads AS d
    WHERE d.data_area_id = e.data_area_id AND d.due_at <= clock_timestamp()
    ORDER BY d.due_at
    LIMIT $1
) AS d
WHERE e.data_area_id <> ALL ($2::text[])
