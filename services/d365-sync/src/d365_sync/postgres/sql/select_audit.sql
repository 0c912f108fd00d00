-- A page of the audit, newest first.
-- $1 web_case_id text or null, $2 submission_no int, $3 below this id bigint or null, $4 how many int
SELECT id, at, actor, action, web_case_id, submission_no, reason, fields FROM audit
WHERE ($1::text IS NULL OR (web_case_id = $1::text AND submission_no = $2::int)) AND ($3::bigint IS NULL OR id < $3::bigint)
ORDER BY id DESC LIMIT $4::int
