-- Lets what was not found wait, unless somebody has rung for it since the read began.
-- $1 data_area_id text[], $2 key_kind text[], $3 key text[], $4 version bigint[], $5 misses int[], $6 wait interval[]
UPDATE due_reads AS d SET misses = later.misses, due_at = clock_timestamp() + later.wait
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::interval[])
    AS later (data_area_id, key_kind, key, version, misses, wait)
WHERE d.data_area_id = later.data_area_id AND d.key_kind = later.key_kind AND d.key = later.key AND d.version = later.version
