-- The priorities of a legal entity.
-- $1 data_area_id
SELECT priority, description FROM status_sync.priorities WHERE data_area_id = $1 ORDER BY priority
