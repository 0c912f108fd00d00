-- Returns the cases that D365 has ever lost in a restore; none, and at once, where nobody has reported a restore.
SELECT DISTINCT web_case_id FROM d365_sync.deliveries
WHERE lost_at IS NOT NULL AND EXISTS (SELECT FROM d365_sync.restores)
ORDER BY web_case_id
