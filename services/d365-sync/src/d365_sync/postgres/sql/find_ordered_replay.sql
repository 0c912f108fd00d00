-- The replay that an order repeats: the one with the same person's same key, or else the open one of the same dead
-- letters.
-- $1 actor text[] (name, subject, issuer), $2 idempotency key text or null, $3 hash of query and dry run bytea
SELECT replay_id, request_hash, by_key
FROM (
    SELECT replay_id, request_hash, true AS by_key FROM replays
    WHERE idempotency_key = $2::text
        -- Replays from before subjects were stored have only the name.
        AND CASE
            WHEN actor_subject IS NULL THEN actor = ($1::text[])[1]
            ELSE actor_subject = ($1::text[])[2] AND actor_issuer = ($1::text[])[3]
        END
    UNION ALL
    SELECT replay_id, request_hash, false FROM replays WHERE query_hash = $3::bytea AND state IN ('running', 'paused')
) AS meant
ORDER BY by_key DESC LIMIT 1
