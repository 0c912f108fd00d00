-- A kept form; it stays stored, because its page may be loaded again. $1 id bytea
SELECT content FROM kept WHERE id = $1 AND expires_at > now()
