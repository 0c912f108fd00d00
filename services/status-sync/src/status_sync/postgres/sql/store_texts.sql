-- Notes texts that are new in cases of D365, and who owned each case then.
-- $1 when the read began timestamptz, $2 data_area_id text[], $3 case_id text[], $4 digest bytea[], $5 written_area text[],
-- $6 written_account text[], $7 written_type text[]
INSERT INTO case_texts (data_area_id, case_id, digest, written_area, written_account, written_type, seen_at)
SELECT n.*, $1
FROM unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[])
    AS n (data_area_id, case_id, digest, written_area, written_account, written_type)
ON CONFLICT (data_area_id, case_id, digest) DO NOTHING
