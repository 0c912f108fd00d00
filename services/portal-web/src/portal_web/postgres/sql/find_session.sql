-- A session that has not ended. $1 id bytea
SELECT content, version FROM sessions WHERE id = $1 AND expires_at > now()
