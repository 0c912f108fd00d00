-- A page of the audit, newest first: who did what, when and why, to how many documents, and their state now.
-- An erasure is of a whole case, and so belongs to each of its documents.
-- $1 web_case_id text, $2 submission_no int, $3 replay_id uuid, $4 actor (name or subject) text, $5 action text, $6
-- since timestamptz, $7 until timestamptz, $8 below this id bigint; null for no filter; $9 how many int
SELECT
    a.id, a.at, a.actor, a.actor_subject, a.actor_issuer, a.action, a.web_case_id, a.submission_no, a.replay_id, a.reason, a.fields, a.changes,
    CASE WHEN a.web_case_id IS NOT NULL THEN 1 ELSE r.documents END AS documents, coalesce(d.state, r.state) AS outcome
FROM audit AS a
LEFT JOIN documents AS d ON d.web_case_id = a.web_case_id AND d.submission_no = a.submission_no
LEFT JOIN replays AS r ON r.replay_id = a.replay_id AND a.web_case_id IS NULL
WHERE ($1::text IS NULL OR (a.web_case_id = $1::text AND coalesce(a.submission_no, $2::int) = $2::int))
    AND ($3::uuid IS NULL OR a.replay_id = $3::uuid)
    AND ($4::text IS NULL OR $4::text IN (a.actor, a.actor_subject))
    AND ($5::text IS NULL OR a.action = $5::text)
    AND ($6::timestamptz IS NULL OR a.at >= $6::timestamptz)
    AND ($7::timestamptz IS NULL OR a.at < $7::timestamptz)
    AND ($8::bigint IS NULL OR a.id < $8::bigint)
ORDER BY a.id DESC LIMIT $9::int
