-- Returns who owned cases of D365 when their texts were first seen, for texts with these digests.
-- $1 data_area_id text[], $2 case_id text[], $3 digest bytea[]
SELECT
    t.data_area_id, t.case_id, t.digest, t.written_area, t.written_account,
    t.written_type
FROM unnest($1::text[], $2::text[]) AS found (data_area_id, case_id)
JOIN case_texts AS t ON t.data_area_id = found.data_area_id AND t.case_id = found.case_id AND t.digest = ANY ($3::bytea[])
