-- Returns the categories of a legal entity that dealers may use.
-- $1 data_area_id, $2 category types allowed text[] (null: all), $3 category types hidden text[], both in lower case
SELECT category, category_type, description FROM status_sync.categories
WHERE data_area_id = $1 AND ($2::text[] IS NULL OR lower(category_type) = ANY ($2)) AND lower(category_type) <> ALL ($3::text[])
ORDER BY category, category_type
