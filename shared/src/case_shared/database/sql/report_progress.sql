-- Writes how a service's loops and steps have fared in this process, and returns how those of all services are doing.
-- The last success of any replica counts. What was silent for longer than its bound (its service did not run) is
-- expected again from now on; what a newer version no longer has is deleted.
-- $1 service text; in one order: $2 names text[], $3 instances text[] ('' for what one leader does), $4 steps boolean[],
-- $5 bounds float8[], and in seconds ago $6 successes float8[], $7 tries float8[]; $8 errors of the last tries text[], $9 their kinds text[],
-- $10 bounds of those that have never succeeded float8[]. Less than a minute of silence does not mean that a service was off.
WITH reported AS (
    SELECT
        name, instance, step, within_seconds, first_within_seconds, error, kind, now() - make_interval(secs => success) AS succeeded_at,
        now() - make_interval(secs => tried) AS tried_at
    FROM unnest($2::text[], $3::text[], $4::boolean[], $5::float8[], $6::float8[], $7::float8[], $8::text[], $9::text[], $10::float8[])
        AS reported (name, instance, step, within_seconds, success, tried, error, kind, first_within_seconds)
), gone AS (
    DELETE FROM d365_sync.progress
    WHERE service = $1::text AND (name <> ALL ($2) OR instance <> '' AND told_at < now() - interval '2 minutes')
), written AS (
    INSERT INTO d365_sync.progress AS p (service, name, instance, step, within_seconds, succeeded_at, tried_at, error, kind)
    SELECT
        $1, name, instance, step, CASE WHEN succeeded_at IS NULL THEN first_within_seconds ELSE within_seconds END, succeeded_at, tried_at, error, kind
    FROM reported ORDER BY name
    ON CONFLICT (service, name, instance) DO UPDATE SET
        -- Another replica may have succeeded earlier.
        within_seconds = CASE
            WHEN p.succeeded_at IS NULL THEN excluded.within_seconds
            ELSE (SELECT t.within_seconds FROM reported AS t WHERE t.name = p.name AND t.instance = p.instance)
        END,
        -- Times ahead of the database's own clock are from another one (a failover); left as they are, they would hide any silence.
        expected_since = CASE
            WHEN p.told_at < now() - make_interval(secs => greatest(p.within_seconds, 60)) THEN now()
            ELSE least(p.expected_since, now())
        END,
        succeeded_at = greatest(CASE WHEN p.succeeded_at > now() THEN now() ELSE p.succeeded_at END, excluded.succeeded_at),
        error = CASE
            WHEN p.tried_at IS NULL OR p.tried_at > now() OR excluded.tried_at >= p.tried_at THEN excluded.error ELSE p.error
        END,
        kind = CASE
            WHEN p.tried_at IS NULL OR p.tried_at > now() OR excluded.tried_at >= p.tried_at THEN excluded.kind ELSE p.kind
        END,
        tried_at = CASE WHEN p.tried_at > now() THEN excluded.tried_at ELSE greatest(p.tried_at, excluded.tried_at) END,
        told_at = now()
    RETURNING service, name, step, within_seconds, greatest(succeeded_at, expected_since) AS since
), stands AS (
    SELECT * FROM written
    UNION ALL
    SELECT service, name, step, within_seconds, greatest(succeeded_at, expected_since) FROM d365_sync.progress
    WHERE service <> $1 AND (instance = '' OR told_at > now() - interval '2 minutes')
)
SELECT service, name, bool_or(step) AS step, max(within_seconds) AS within_seconds,
    greatest(0, extract(epoch FROM now() - min(since)))::float8 AS age_seconds
FROM stands GROUP BY service, name
