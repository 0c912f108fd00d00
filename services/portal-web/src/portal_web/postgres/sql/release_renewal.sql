-- Gives the right to renew back, after it failed. $1 id bytea
UPDATE sessions SET renewing_until = NULL WHERE id = $1
