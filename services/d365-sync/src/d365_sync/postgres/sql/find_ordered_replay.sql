-- The replay that an order meant: that of the same key, else the open one of the same dead letters.
-- $1 actor text, $2 idempotency key text or null, $3 hash of query and dry run bytea
SELECT replay_id, request_hash, by_key
FROM (
    SELECT replay_id, request_hash, true AS by_key FROM replays WHERE actor = $1::text AND idempotency_key = $2::text
    UNION ALL
    SELECT replay_id, request_hash, false FROM replays WHERE query_hash = $3::bytea AND state IN ('running', 'paused')
) AS meant
ORDER BY by_key DESC LIMIT 1
