-- Gives up the right to renew, after a failure. $1 id bytea
UPDATE sessions SET renewing_until = NULL WHERE id = $1
