-- Stores a session that ends after $3 hours, or the new content of an existing one. Its forms are accepted for one more
-- week.
-- $1 id bytea, $2 content bytea, $3 hours, $4 form key's id bytea
WITH known AS (
    INSERT INTO form_keys (id, expires_at) VALUES ($4, now() + ($3::double precision + 168) * interval '1 hour')
    ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at
)
INSERT INTO sessions (id, content, expires_at) VALUES ($1, $2, now() + $3::double precision * interval '1 hour')
ON CONFLICT (id) DO UPDATE
SET content = excluded.content, version = sessions.version + 1, renewing_until = NULL, expires_at = excluded.expires_at
