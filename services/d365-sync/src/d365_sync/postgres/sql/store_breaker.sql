-- Stores the breaker and how many calls D365 can take, so that they survive and every replica can show them.
-- An interval passes between the opening and the first probe, whoever leads by then.
-- $1 state text, $2 since timestamptz, $3 reason text, $4 concurrency int, $5 interval between probes in seconds float
UPDATE delivery_control SET
    breaker = $1::text,
    breaker_since = coalesce($2::timestamptz, breaker_since),
    breaker_reason = $3::text,
    concurrency = $4::int,
    breaker_probe_at = CASE
        WHEN breaker = 'closed' AND $1::text <> 'closed' THEN clock_timestamp() + make_interval(secs => $5::float8)
        ELSE breaker_probe_at
    END
