-- Makes a list that was read to its end the priorities; does not write unchanged rows.
-- $1 run uuid, $2 their order in lists text[]: priorities not in it follow, by name
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (data_area_id, key)
        data_area_id, key AS priority, text AS description, array_position($2::text[], key COLLATE "default") AS position
    FROM incoming WHERE run = $1::uuid
), gone AS (
    DELETE FROM priorities AS p WHERE NOT EXISTS (
        SELECT FROM given AS g WHERE (g.data_area_id, g.priority) = (p.data_area_id, p.priority)
    )
)
INSERT INTO priorities AS p (data_area_id, priority, description, position)
SELECT * FROM given
ON CONFLICT (data_area_id, priority) DO UPDATE
SET description = excluded.description, position = excluded.position
WHERE (p.description, p.position) IS DISTINCT FROM (excluded.description, excluded.position)
