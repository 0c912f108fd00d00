-- Claims documents whose look-up in D365 is due, all of one legal entity: among those without a look-up under way, the
-- one that has waited longest. Stores the intent of their attempts. A later `verify_at` means news during the look-up.
-- $1 how many int, $2 document lease seconds float, $3 leader's lease name text, $4 its token bigint, $5 D365_URL text,
-- $6 legal entities with a look-up under way text[]
WITH RECURSIVE places AS (
    -- Without its payload, a case found could not be compared.
    (
        SELECT data_area_id, verify_at FROM documents
        WHERE verify_at IS NOT NULL AND content IS NOT NULL AND lease_token IS NULL ORDER BY data_area_id, verify_at LIMIT 1
    )
    UNION ALL
    SELECT behind.data_area_id, behind.verify_at
    FROM places
    CROSS JOIN LATERAL (
        SELECT d.data_area_id, d.verify_at FROM documents AS d
        WHERE d.verify_at IS NOT NULL AND d.content IS NOT NULL AND d.lease_token IS NULL AND d.data_area_id > places.data_area_id
        ORDER BY d.data_area_id, d.verify_at LIMIT 1
    ) AS behind
), place AS (
    SELECT data_area_id FROM places WHERE verify_at <= now() AND data_area_id <> ALL($6::text[] COLLATE "C") ORDER BY verify_at LIMIT 1
), due AS (
    SELECT d.web_case_id, d.submission_no FROM documents AS d JOIN place USING (data_area_id)
    WHERE d.verify_at <= now() AND d.content IS NOT NULL AND d.lease_token IS NULL
        AND EXISTS (SELECT FROM delivery_control WHERE NOT paused AND d365_url = $5::text)
        AND NOT EXISTS (SELECT FROM delivery_windows WHERE begins_at <= now() AND ends_at > now())
        AND EXISTS (SELECT FROM leases WHERE name = $3::text AND token = $4::bigint AND expires_at > clock_timestamp())
    ORDER BY d.verify_at
    LIMIT $1::int
    FOR UPDATE OF d SKIP LOCKED
), claimed AS (
    UPDATE documents AS d SET
        attempts = d.attempts + 1,
        verify_at = NULL,
        lease_token = gen_random_uuid(),
        lease_kind = 'read_back',
        lease_expires_at = clock_timestamp() + make_interval(secs => $2::float8)
    FROM due
    WHERE d.web_case_id = due.web_case_id AND d.submission_no = due.submission_no
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
