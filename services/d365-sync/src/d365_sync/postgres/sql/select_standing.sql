-- What decides which actions on a document are allowed now.
-- $1 web_case_id text, $2 submission_no int
SELECT
    state, revision, data_area_id, customer_account, lease_token IS NOT NULL AS leased, content IS NULL AS emptied, alarms, cause, content, case_id, other_case_ids,
    coalesce(verify_at <= now(), false) OR coalesce(lease_kind = 'read_back', false) AS look_up_pending
FROM documents WHERE web_case_id = $1::text AND submission_no = $2::int
