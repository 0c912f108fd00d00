-- A page of the audit, newest first.
-- $1 web_case_id text or null, $2 submission_no int, $3 replay_id uuid or null, $4 below this id bigint or null, $5 how many int
SELECT id, at, actor, action, web_case_id, submission_no, replay_id, reason, fields FROM audit
WHERE ($1::text IS NULL OR (web_case_id = $1::text AND submission_no = $2::int)) AND ($3::uuid IS NULL OR replay_id = $3::uuid)
    AND ($4::bigint IS NULL OR id < $4::bigint)
ORDER BY id DESC LIMIT $5::int
