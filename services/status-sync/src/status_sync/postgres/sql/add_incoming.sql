-- Adds a page of a list that is being read. $1 run uuid, $2 list text, then arrays, one element per row:
-- $3 data_area_id text[], $4 kind text[], $5 key text[], $6 text text[]
INSERT INTO incoming (run, list, data_area_id, kind, key, text)
SELECT $1::uuid, $2::text, r.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS r
