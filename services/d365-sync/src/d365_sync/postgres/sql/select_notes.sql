-- A page of a document's notes, newest first.
-- $1 web_case_id text, $2 submission_no int, $3 below this id bigint or null, $4 how many int
SELECT id, at, author, author_subject, author_issuer, text FROM notes
WHERE web_case_id = $1::text AND submission_no = $2::int AND ($3::bigint IS NULL OR id < $3::bigint)
ORDER BY id DESC LIMIT $4::int
