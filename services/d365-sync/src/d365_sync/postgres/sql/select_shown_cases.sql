-- The Case IDs that the read model shows.
-- $1 web_case_id text[]
SELECT web_case_id, case_id FROM case_api.cases WHERE web_case_id = ANY ($1::text[]) AND case_id IS NOT NULL
