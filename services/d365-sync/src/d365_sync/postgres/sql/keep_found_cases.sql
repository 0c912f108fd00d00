-- Stores D365's cases for a comparison. $1 comparison uuid, then arrays, one element per case:
-- $2 web_case_id text[], $3 data_area_id text[], $4 case_id text[], $5 customer_account text[], $6 submission_id uuid[]
INSERT INTO found_cases (comparison, web_case_id, data_area_id, case_id, customer_account, submission_id)
SELECT $1::uuid, r.*
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[]) AS r
