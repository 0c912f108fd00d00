-- Notes that a session was used, at most twice a minute. $1 id bytea
UPDATE sessions SET used_at = now() WHERE id = $1 AND used_at < now() - interval '30 seconds'
