-- Stores a session that ends after $3 hours; for one that is there already, its new content. Forms of it are known for a week more.
-- $1 id bytea, $2 content bytea, $3 hours, $4 form key's id bytea, $5 owner bytea, $6 provider's session bytea or null
WITH known AS (
    INSERT INTO form_keys (id, expires_at) VALUES ($4, now() + ($3::double precision + 168) * interval '1 hour')
    ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at
)
INSERT INTO sessions (id, content, expires_at, owner, provider_session)
VALUES ($1, $2, now() + $3::double precision * interval '1 hour', $5, $6)
ON CONFLICT (id) DO UPDATE
SET content = excluded.content, version = sessions.version + 1, renewing_until = NULL, expires_at = excluded.expires_at,
    owner = excluded.owner, provider_session = excluded.provider_session, used_at = now()
