-- Undoes a discard: the document is a dead letter again. No row if the revision or the state differs.
-- $1 web_case_id text, $2 submission_no int, $3 revision int, $4 states in which it is allowed text[], $5 actor text[]
-- (name, subject, issuer), $6 reason text
WITH changed AS (
    UPDATE documents AS d SET
        state = 'failed', given_reason = NULL, revision = d.revision + 1, changed_at = now()
    WHERE d.web_case_id = $1::text AND d.submission_no = $2::int AND d.revision = $3::int AND d.state = ANY($4::text[]) AND d.lease_token IS NULL
    RETURNING d.web_case_id, d.submission_no
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, submission_no, reason, fields)
SELECT ($5::text[])[1], ($5::text[])[2], ($5::text[])[3], 'restore', web_case_id, submission_no, $6::text, '{}'::text[] FROM changed
RETURNING id
