-- Returns the priorities of a legal entity, in the configured order, the others after them.
-- $1 data_area_id
SELECT priority, description FROM status_sync.priorities WHERE data_area_id = $1 ORDER BY position NULLS LAST, priority
