-- Frees documents whose owner did not come back. A POST that may have been sent has an unknown outcome: the document is
-- looked up, and the POST may take effect until the settling time has passed. An interrupted
-- look-up is repeated.
-- $1 settling time in seconds float
WITH expired AS (
    SELECT web_case_id, submission_no, attempts AS attempt_no FROM documents
    WHERE lease_token IS NOT NULL AND lease_expires_at < clock_timestamp()
    ORDER BY web_case_id, submission_no
    LIMIT 1000
    FOR UPDATE SKIP LOCKED
), tried AS (
    UPDATE attempts AS a SET
        ended_at = clock_timestamp(), outcome = 'unknown', why = 'the process that made this attempt did not come back'
    FROM expired AS e
    WHERE a.web_case_id = e.web_case_id AND a.submission_no = e.submission_no AND a.attempt_no = e.attempt_no AND a.ended_at IS NULL
)
UPDATE documents AS d SET
    state = CASE WHEN d.state <> 'delivering' THEN d.state WHEN d.lease_kind = 'create' THEN 'verifying' ELSE 'pending' END,
    cause = CASE WHEN d.lease_kind = 'create' THEN 'no_answer' ELSE d.cause END,
    detail = CASE WHEN d.lease_kind = 'create' THEN 'the process that made this attempt did not come back' ELSE d.detail END,
    revision = d.revision + CASE WHEN d.state = 'delivering' THEN 1 ELSE 0 END,
    changed_at = CASE WHEN d.state = 'delivering' THEN now() ELSE d.changed_at END,
    -- From now on: if the clock jumped forward, the lease ended while the POST was under way.
    settles_at = CASE WHEN d.lease_kind = 'create' THEN clock_timestamp() + make_interval(secs => $1::float8) ELSE d.settles_at END,
    verify_at = CASE WHEN d.lease_kind = 'create' OR d.state <> 'delivering' THEN now() END,
    due_at = now(),
    posts = d.posts + CASE WHEN d.lease_kind = 'create' THEN 1 ELSE 0 END,
    read_back_first = true,
    lease_token = NULL,
    lease_kind = NULL,
    lease_expires_at = NULL
FROM expired AS e
WHERE d.web_case_id = e.web_case_id AND d.submission_no = e.submission_no
RETURNING d.web_case_id, d.submission_no, d.state
