-- Claims documents that are due, going round the dealers and oldest first in each, and stores the intent of their
-- attempts. The round is a circle: the first dealers follow the last, so that a small claim begins where the previous
-- one ended. Nothing is claimed without the live leader's lease, while paused or in a maintenance window, or for
-- another D365 environment. A row per document; `last_dealer` (visited last) and `wrapped` (the walk passed the end)
-- are in each row, and in a row of their own if nothing was claimed.
-- $1 how many int, $2 cap per dealer int, $3 start after this dealer text, $4 dealers to visit int, $5 document lease
-- seconds float, $6 leader's lease name text, $7 its token bigint, $8 D365_URL text, $9 seconds within which a first
-- POST needs no look-up float
WITH RECURSIVE around AS (
    SELECT $3::text COLLATE "C" AS dealer, false AS wrapped, 0 AS place
    UNION ALL
    SELECT coalesce(behind.dealer, front.dealer), around.wrapped OR behind.dealer IS NULL, around.place + 1
    FROM around
    LEFT JOIN LATERAL (
        SELECT d.dealer FROM documents AS d
        WHERE d.state IN ('pending', 'deferred') AND d.dealer > around.dealer ORDER BY d.dealer LIMIT 1
    ) AS behind ON true
    LEFT JOIN LATERAL (
        SELECT d.dealer FROM documents AS d
        WHERE behind.dealer IS NULL AND NOT around.wrapped AND d.state IN ('pending', 'deferred') ORDER BY d.dealer LIMIT 1
    ) AS front ON true
    WHERE around.dealer IS NOT NULL AND around.place < $4::int AND NOT (around.wrapped AND around.dealer > $3::text COLLATE "C")
), visited AS (
    SELECT dealer, place FROM around
    WHERE place > 0 AND dealer IS NOT NULL AND NOT (wrapped AND dealer > $3::text COLLATE "C")
), dealers AS (
    -- Bound each dealer's share of the claim, so that visiting many stays cheap.
    SELECT dealer, place, ceil(2.0 * $1::int / count(*) OVER ())::int AS share FROM visited
), busy AS (
    SELECT dealer, count(*)::int AS documents FROM documents
    WHERE lease_token IS NOT NULL AND state = 'delivering' GROUP BY dealer
), control AS (
    SELECT restored_at FROM delivery_control
    WHERE NOT paused AND d365_url = $8::text
        AND NOT EXISTS (SELECT FROM delivery_windows WHERE begins_at <= now() AND ends_at > now())
        AND EXISTS (SELECT FROM leases WHERE name = $6::text AND token = $7::bigint AND expires_at > clock_timestamp())
), candidates AS (
    SELECT due.web_case_id, due.submission_no, due.rank, dealers.place, control.restored_at,
        coalesce(busy.documents, 0) + row_number() OVER (PARTITION BY dealers.dealer ORDER BY due.rank, due.submitted_at) AS turn
    FROM control
    CROSS JOIN dealers
    LEFT JOIN busy USING (dealer)
    CROSS JOIN LATERAL (
        SELECT d.web_case_id, d.submission_no, d.rank, d.submitted_at FROM documents AS d
        WHERE d.dealer = dealers.dealer AND d.state IN ('pending', 'deferred') AND d.due_at <= now() AND d.lease_token IS NULL
        ORDER BY d.rank, d.submitted_at, d.web_case_id, d.submission_no
        LIMIT greatest(0, least($1::int, dealers.share, $2::int - coalesce(busy.documents, 0)))
    ) AS due
), chosen AS (
    SELECT * FROM candidates ORDER BY rank, turn, place LIMIT $1::int
), held AS (
    -- Do not wait for whoever has locked one now.
    SELECT d.web_case_id, d.submission_no, chosen.turn, chosen.place, chosen.restored_at FROM documents AS d
    JOIN chosen USING (web_case_id, submission_no)
    FOR UPDATE OF d SKIP LOCKED
), claimed AS (
    UPDATE documents AS d SET
        state = 'delivering',
        revision = d.revision + 1,
        changed_at = now(),
        attempts = d.attempts + 1,
        verify_at = NULL,
        lease_token = gen_random_uuid(),
        lease_kind = CASE
            WHEN d.read_back_first OR d.submitted_at <= greatest(now() - make_interval(secs => $9::float8), held.restored_at)
            THEN 'read_back' ELSE 'create'
        END,
        lease_expires_at = clock_timestamp() + make_interval(secs => $5::float8)
    FROM held
    WHERE d.web_case_id = held.web_case_id AND d.submission_no = held.submission_no
        AND d.state IN ('pending', 'deferred') AND d.lease_token IS NULL
    RETURNING d.*, held.turn, held.place
), intents AS (
    INSERT INTO attempts (web_case_id, submission_no, attempt_no, kind, started_at)
    SELECT web_case_id, submission_no, attempts, lease_kind, clock_timestamp() FROM claimed
)
SELECT
    round.last_dealer, round.wrapped,
    c.dealer, c.web_case_id, c.submission_no, c.lease_token, c.lease_kind, c.attempts, c.state, c.submission_id, c.data_area_id, c.customer_account,
    c.content, c.created_by, c.cause, c.reason, c.detail, c.verdict, c.posts, c.waits, c.retried, c.traceparent,
    greatest(extract(epoch FROM c.settles_at - clock_timestamp()), 0)::float8 AS unsettled_seconds
FROM (
    SELECT (SELECT dealer FROM visited ORDER BY place DESC LIMIT 1) AS last_dealer, bool_or(wrapped) AS wrapped FROM around
) AS round
LEFT JOIN claimed AS c ON true
ORDER BY c.rank, c.turn, c.place
