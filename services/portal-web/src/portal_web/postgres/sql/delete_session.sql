-- Ends a session. $1 id bytea
DELETE FROM sessions WHERE id = $1
