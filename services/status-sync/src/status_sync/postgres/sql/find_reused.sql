-- Returns the rows that lost their Case ID to another case, after D365 had shown their record with their own Web Case ID.
-- $1 data_area_id text, $2 web_case_id text[]
SELECT web_case_id FROM case_api.cases
WHERE web_case_id = ANY ($2::text[]) AND data_area_id = $1 AND case_id_reused_at IS NOT NULL AND named_in_d365
