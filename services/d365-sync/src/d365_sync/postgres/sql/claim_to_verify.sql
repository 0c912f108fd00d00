-- Claims documents whose look-up in D365 is due, and stores the intent of their attempts.
-- $1 how many int, $2 document lease seconds float, $3 leader's lease name text, $4 its token bigint, $5 D365_URL text
WITH due AS (
    SELECT web_case_id, submission_no FROM documents
    -- Without its payload nothing found could be compared.
    WHERE verify_at <= now() AND lease_token IS NULL AND content IS NOT NULL
        AND EXISTS (SELECT FROM delivery_control WHERE NOT paused AND d365_url = $5::text)
        AND EXISTS (SELECT FROM leases WHERE name = $3::text AND token = $4::bigint AND expires_at > clock_timestamp())
    ORDER BY verify_at
    LIMIT $1::int
), claimed AS (
    UPDATE documents AS d SET
        attempts = d.attempts + 1,
        lease_token = gen_random_uuid(),
        lease_kind = 'read_back',
        lease_expires_at = clock_timestamp() + make_interval(secs => $2::float8)
    FROM due
    WHERE d.web_case_id = due.web_case_id AND d.submission_no = due.submission_no AND d.lease_token IS NULL AND d.verify_at <= now()
    RETURNING d.*
), intents AS (
    INSERT INTO attempts (web_case_id, submission_no, attempt_no, kind, started_at)
    SELECT web_case_id, submission_no, attempts, 'read_back', clock_timestamp() FROM claimed
)
SELECT
    web_case_id, submission_no, lease_token, lease_kind, attempts, state, submission_id, data_area_id, customer_account, content, created_by,
    cause, reason, detail, verdict, posts, waits, retried, traceparent,
    greatest(extract(epoch FROM settles_at - clock_timestamp()), 0)::float8 AS unsettled_seconds
FROM claimed
