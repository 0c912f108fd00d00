-- The earlier submissions of a case; `content` is null once emptied, `delivered_as` unless delivered.
-- $1 web_case_id text, $2 submission_no int
SELECT web_case_id, submission_no, submission_id, data_area_id, customer_account, content, created_by, traceparent,
    CASE WHEN state = 'delivered' THEN case_id END AS delivered_as
FROM documents WHERE web_case_id = $1::text AND submission_no < $2::int ORDER BY submission_no
