-- Postpones what was not found, unless it was made due again since the read began. Locks in one order, as make_due.sql does.
-- $1 data_area_id text[], $2 key_kind text[], $3 key text[], $4 version bigint[], $5 misses int[], $6 wait interval[]
WITH postponed AS (
    SELECT d.data_area_id, d.key_kind, d.key, later.misses, later.wait
    FROM due_reads AS d
    JOIN unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::interval[])
        AS later (data_area_id, key_kind, key, version, misses, wait)
        ON d.data_area_id = later.data_area_id AND d.key_kind = later.key_kind AND d.key = later.key
        AND d.version = later.version
    ORDER BY d.data_area_id, d.key_kind, d.key
    FOR UPDATE OF d
)
UPDATE due_reads AS d SET misses = p.misses, due_at = clock_timestamp() + p.wait
FROM postponed AS p
WHERE d.data_area_id = p.data_area_id AND d.key_kind = p.key_kind AND d.key = p.key
