-- Returns the legal entities that have dealers.
SELECT DISTINCT data_area_id FROM dealers WHERE active ORDER BY data_area_id
