-- Stores a new session. $1 id bytea, $2 content bytea, $3 hours until it ends
INSERT INTO sessions (id, content, expires_at) VALUES ($1, $2, now() + $3::double precision * interval '1 hour')
