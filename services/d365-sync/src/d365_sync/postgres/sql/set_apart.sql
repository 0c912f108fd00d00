-- Sets aside documents whose payload is unreadable: they can be neither sent nor compared. Fenced by the claim's lease.
-- A document that was never sent becomes a dead letter; an unproven one stays so, rarely retried: evidence or an
-- operator ends it.
-- $1 JSON array of {web_case_id, submission_no, token, attempt_no, why}
WITH unreadable AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS t (web_case_id text, submission_no int, token uuid, attempt_no int, why text)
), held AS (
    SELECT d.web_case_id, d.submission_no FROM documents AS d
    JOIN unreadable USING (web_case_id, submission_no)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
), tried AS (
    UPDATE attempts AS a SET ended_at = clock_timestamp(), why = u.why
    FROM unreadable AS u
    WHERE a.web_case_id = u.web_case_id AND a.submission_no = u.submission_no AND a.attempt_no = u.attempt_no
)
UPDATE documents AS d SET
    state = CASE d.state WHEN 'delivering' THEN 'failed' ELSE d.state END,
    cause = CASE WHEN d.state IN ('delivering', 'verifying') THEN 'invalid_payload' ELSE d.cause END,
    detail = u.why,
    revision = d.revision + CASE d.state WHEN 'delivering' THEN 1 ELSE 0 END,
    changed_at = CASE d.state WHEN 'delivering' THEN now() ELSE d.changed_at END,
    verify_at = CASE d.state WHEN 'verifying' THEN now() + interval '15 minutes' END,
    lease_token = NULL,
    lease_kind = NULL,
    lease_expires_at = NULL
FROM unreadable AS u JOIN held USING (web_case_id, submission_no)
WHERE d.web_case_id = u.web_case_id AND d.submission_no = u.submission_no AND d.lease_token = u.token
