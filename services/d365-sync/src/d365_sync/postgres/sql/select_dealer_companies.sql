-- The legal entities that have active dealers.
SELECT DISTINCT lower(data_area_id) AS data_area_id FROM status_sync.dealers WHERE active
