-- Settles what was read, unless somebody has rung for it since the read began.
-- $1 data_area_id text[], $2 key_kind text[], $3 key text[], $4 version bigint[]
DELETE FROM due_reads AS d
USING unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS done (data_area_id, key_kind, key, version)
WHERE d.data_area_id = done.data_area_id AND d.key_kind = done.key_kind AND d.key = done.key AND d.version = done.version
