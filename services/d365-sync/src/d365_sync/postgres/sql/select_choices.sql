-- The categories and priorities that D365 offers in a legal entity, as status-sync has read them.
-- $1 data_area_id text
SELECT
    ARRAY (SELECT category FROM status_sync.categories WHERE data_area_id = $1::text) AS categories,
    ARRAY (SELECT category_type FROM status_sync.categories WHERE data_area_id = $1::text) AS category_types,
    ARRAY (SELECT priority FROM status_sync.priorities WHERE data_area_id = $1::text) AS priorities
