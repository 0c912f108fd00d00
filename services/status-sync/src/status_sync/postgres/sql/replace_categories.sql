-- Makes these the categories; a row that has not changed is left alone.
-- $1 data_area_id text[], $2 category_type text[], $3 category text[], $4 description text[]
WITH given AS (
    SELECT DISTINCT ON (1, 2, 3) *
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS g (data_area_id, category_type, category, description)
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
