-- The newest three known cases of a legal entity, and how long they have been known.
-- $1 data_area_id text
SELECT case_id, extract(epoch FROM now() - delivered_at)::float8 AS known_seconds
FROM documents WHERE state = 'delivered' AND data_area_id = $1::text COLLATE "C"
ORDER BY delivered_at DESC LIMIT 3
