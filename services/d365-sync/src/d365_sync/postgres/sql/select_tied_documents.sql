-- Documents linked to these cases of a legal entity.
-- $1 data_area_id text, $2 Case IDs text[]
SELECT case_id, web_case_id, submission_no FROM documents WHERE data_area_id = $1::text AND case_id = ANY($2::text[])
