-- Adds a note to a document. No row if the document does not exist.
-- $1 web_case_id text, $2 submission_no int, $3 author text[] (name, subject, issuer), $4 text
INSERT INTO notes (web_case_id, submission_no, author, author_subject, author_issuer, text)
SELECT web_case_id, submission_no, ($3::text[])[1], ($3::text[])[2], ($3::text[])[3], $4::text FROM documents WHERE web_case_id = $1::text AND submission_no = $2::int
RETURNING id, at, author, author_subject, author_issuer, text
