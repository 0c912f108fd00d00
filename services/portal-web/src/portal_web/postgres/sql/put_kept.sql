-- Keeps a sign-in or a form for fifteen minutes; a browser's newer sign-in takes the place of its older one. $1 id bytea, $2 content bytea
INSERT INTO kept (id, content, expires_at) VALUES ($1, $2, now() + interval '15 minutes')
ON CONFLICT (id) DO UPDATE SET content = excluded.content, expires_at = excluded.expires_at
