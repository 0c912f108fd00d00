-- Takes what was kept, once. $1 id bytea
DELETE FROM kept WHERE id = $1 AND expires_at > now() RETURNING content
