-- Gives the right to renew a version's tokens to one request alone, for ten seconds; one row (true) to that one.
-- A refresh token may work but once: two requests must not both send it. $1 id bytea, $2 version
UPDATE sessions SET renewing_until = now() + interval '10 seconds'
WHERE id = $1 AND version = $2 AND (renewing_until IS NULL OR renewing_until < now())
RETURNING true
