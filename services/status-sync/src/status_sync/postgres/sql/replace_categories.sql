-- Makes a list that was read to its end the categories; does not write unchanged rows. $1 run uuid
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (data_area_id, kind, key) data_area_id, kind AS category_type, key AS category, text AS description
    FROM incoming WHERE run = $1::uuid
), gone AS (
    DELETE FROM categories AS c WHERE NOT EXISTS (
        SELECT FROM given AS g
        WHERE (g.data_area_id, g.category_type, g.category) = (c.data_area_id, c.category_type, c.category)
    )
)
INSERT INTO categories AS c (data_area_id, category_type, category, description)
SELECT * FROM given
ON CONFLICT (data_area_id, category_type, category) DO UPDATE SET description = excluded.description
WHERE c.description IS DISTINCT FROM excluded.description
