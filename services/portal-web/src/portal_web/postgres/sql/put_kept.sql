-- Keeps a form for fifteen minutes, if a session gave its token; keeps the newest ten of a session, and $4 bytes in
-- all. One row (true) if it was kept. $1 id bytea, $2 content bytea, $3 owner bytea, $4 most bytes in all
WITH oldest AS (
    DELETE FROM kept WHERE id IN (SELECT id FROM kept WHERE owner = $3 ORDER BY expires_at DESC OFFSET 9)
)
INSERT INTO kept (id, content, owner, expires_at)
SELECT $1, $2, $3, now() + interval '15 minutes'
WHERE EXISTS (SELECT FROM form_keys WHERE id = $3 AND expires_at > now())
    AND (SELECT coalesce(sum(octet_length(content)), 0) FROM kept) < $4::bigint
RETURNING true
