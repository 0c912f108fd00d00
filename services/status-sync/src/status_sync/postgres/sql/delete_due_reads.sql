-- Settles what was read, unless it was made due again since the read began. Locks in one order, as make_due.sql does.
-- $1 data_area_id text[], $2 key_kind text[], $3 key text[], $4 version bigint[]
WITH settled AS (
    SELECT d.data_area_id, d.key_kind, d.key
    FROM due_reads AS d
    JOIN unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS done (data_area_id, key_kind, key, version)
        ON d.data_area_id = done.data_area_id AND d.key_kind = done.key_kind AND d.key = done.key AND d.version = done.version
    ORDER BY d.data_area_id, d.key_kind, d.key
    FOR UPDATE OF d
)
DELETE FROM due_reads AS d
USING settled AS s
WHERE d.data_area_id = s.data_area_id AND d.key_kind = s.key_kind AND d.key = s.key
