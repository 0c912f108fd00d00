-- The look-up showed that these are surely absent from D365: completes it, and stores the intent of the POST that
-- follows. A row for each document whose lease was still ours and that had no news during the look-up (`verify_at`,
-- null since the claim), unless an earlier submission of the case is delivered.
-- $1 JSON array of {web_case_id, submission_no, token, attempt_no, client_request_id, dyn_aid}, $2 document lease
-- seconds float, $3 leader's lease name text, $4 its token bigint
WITH cleared AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS t (
        web_case_id text, submission_no int, token uuid, attempt_no int, client_request_id uuid, dyn_aid text
    )
), held AS (
    SELECT d.web_case_id, d.submission_no FROM documents AS d
    JOIN cleared USING (web_case_id, submission_no)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
), renewed AS (
    UPDATE documents AS d SET
        state = 'delivering',
        revision = d.revision + CASE WHEN d.state = 'delivering' THEN 0 ELSE 1 END,
        changed_at = CASE WHEN d.state = 'delivering' THEN d.changed_at ELSE now() END,
        attempts = d.attempts + 1,
        settles_at = NULL,
        read_back_first = true,
        lease_kind = 'create',
        lease_expires_at = clock_timestamp() + make_interval(secs => $2::float8)
    FROM cleared AS c JOIN held USING (web_case_id, submission_no)
    WHERE d.web_case_id = c.web_case_id AND d.submission_no = c.submission_no AND d.lease_token = c.token
        AND d.lease_expires_at > clock_timestamp() AND d.state IN ('delivering', 'verifying') AND d.verify_at IS NULL
        AND NOT EXISTS (
            SELECT FROM documents AS o
            WHERE o.web_case_id = d.web_case_id AND o.submission_no < d.submission_no AND o.state = 'delivered'
        )
        AND EXISTS (SELECT FROM leases WHERE name = $3::text AND token = $4::bigint AND expires_at > clock_timestamp())
    RETURNING d.web_case_id, d.submission_no, d.attempts
), looked_up AS (
    UPDATE attempts AS a SET ended_at = clock_timestamp(), finding = 'absent', client_request_id = c.client_request_id, dyn_aid = c.dyn_aid
    FROM cleared AS c
    WHERE a.web_case_id = c.web_case_id AND a.submission_no = c.submission_no AND a.attempt_no = c.attempt_no
), intents AS (
    INSERT INTO attempts (web_case_id, submission_no, attempt_no, kind, started_at)
    SELECT web_case_id, submission_no, attempts, 'create', clock_timestamp() FROM renewed
)
SELECT web_case_id, submission_no, attempts FROM renewed
