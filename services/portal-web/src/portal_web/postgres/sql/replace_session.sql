-- Stores a session's new content, unless it changed in between; one row (true) if it was stored. A session from before
-- form keys existed gets one. $1 id bytea, $2 content bytea, $3 version, $4 form key's id bytea
WITH known AS (
    INSERT INTO form_keys (id, expires_at) SELECT $4, expires_at + interval '168 hours' FROM sessions WHERE id = $1
    ON CONFLICT (id) DO NOTHING
)
UPDATE sessions SET content = $2, version = version + 1, renewing_until = NULL WHERE id = $1 AND version = $3 RETURNING true
