-- Has a document looked up in D365 now. No row if the revision or the state differs.
-- $1 web_case_id text, $2 submission_no int, $3 revision int, $4 states in which it is allowed text[], $5 actor text[]
-- (name, subject, issuer), $6 reason text
WITH changed AS (
    UPDATE documents AS d SET
        verify_at = now(), waits = 0
    WHERE d.web_case_id = $1::text AND d.submission_no = $2::int AND d.revision = $3::int AND d.state = ANY($4::text[]) AND d.content IS NOT NULL
    RETURNING d.web_case_id, d.submission_no
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, submission_no, reason, fields)
SELECT ($5::text[])[1], ($5::text[])[2], ($5::text[])[3], 'verify', web_case_id, submission_no, $6::text, '{}'::text[] FROM changed
RETURNING id
