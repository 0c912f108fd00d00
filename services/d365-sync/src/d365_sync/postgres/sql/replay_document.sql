-- Puts a dead letter back into the queue, behind new cases; it is looked up before it is sent. No row if the revision
-- or the state differs.
-- $1 web_case_id text, $2 submission_no int, $3 revision int, $4 states in which it is allowed text[], $5 actor text[]
-- (name, subject, issuer), $6 reason text, $7 content jsonb or null for the same, $8 names of the edited fields text[],
-- $9 whether each of these was added, changed or emptied text[]
WITH changed AS (
    UPDATE documents AS d SET
        state = 'pending', cause = NULL, reason = NULL, detail = NULL, given_reason = NULL, replay_id = NULL, content = coalesce($7::jsonb, d.content),
        rank = 1, due_at = now(), read_back_first = true, posts = 0, waits = 0, retried = false, verdict = NULL, verify_at = NULL,
        failure_log_at = NULL, revision = d.revision + 1, changed_at = now()
    WHERE d.web_case_id = $1::text AND d.submission_no = $2::int AND d.revision = $3::int AND d.state = ANY($4::text[])
        AND d.lease_token IS NULL AND ($7::jsonb IS NOT NULL OR d.content IS NOT NULL)
    RETURNING d.web_case_id, d.submission_no
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, submission_no, reason, fields, changes)
SELECT ($5::text[])[1], ($5::text[])[2], ($5::text[])[3], 'replay', web_case_id, submission_no, $6::text, $8::text[], $9::text[] FROM changed
RETURNING id
