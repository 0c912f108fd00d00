-- Gives one request the sole right to renew a version's tokens, for ten seconds; one row (true) for that request.
-- A refresh token may work only once: two requests must not both send it. $1 id bytea, $2 version
UPDATE sessions SET renewing_until = now() + interval '10 seconds'
WHERE id = $1 AND version = $2 AND (renewing_until IS NULL OR renewing_until < now())
RETURNING true
