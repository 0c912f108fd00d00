-- Makes these the priorities; a row that has not changed is left alone.
-- $1 data_area_id text[], $2 priority text[], $3 description text[]
WITH given AS (
    SELECT DISTINCT ON (1, 2) * FROM unnest($1::text[], $2::text[], $3::text[]) AS g (data_area_id, priority, description)
), gone AS (
    DELETE FROM priorities AS p WHERE NOT EXISTS (
        SELECT FROM given AS g WHERE (g.data_area_id, g.priority) = (p.data_area_id, p.priority)
    )
)
INSERT INTO priorities AS p (data_area_id, priority, description)
SELECT * FROM given
ON CONFLICT (data_area_id, priority) DO UPDATE SET description = excluded.description
WHERE p.description IS DISTINCT FROM excluded.description
