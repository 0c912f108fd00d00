-- Locks a document until the transaction's end.
-- $1 web_case_id text, $2 submission_no int
SELECT FROM documents WHERE web_case_id = $1::text AND submission_no = $2::int FOR UPDATE
