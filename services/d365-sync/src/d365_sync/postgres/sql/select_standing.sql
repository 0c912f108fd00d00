-- How a document stands.
-- $1 web_case_id text, $2 submission_no int
SELECT state, revision, data_area_id, customer_account, coalesce(verify_at <= now(), false) OR coalesce(lease_kind = 'read_back', false) AS verifying
FROM documents WHERE web_case_id = $1::text AND submission_no = $2::int
