-- Cases known to be in D365 for a legal entity, the newest three, and for how long: the positive control.
-- $1 data_area_id text
SELECT case_id, extract(epoch FROM now() - delivered_at)::float8 AS known_seconds
FROM documents WHERE state = 'delivered' AND data_area_id = $1::text COLLATE "C"
ORDER BY delivered_at DESC LIMIT 3
