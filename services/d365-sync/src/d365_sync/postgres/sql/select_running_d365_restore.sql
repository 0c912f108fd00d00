-- The restore of D365 that is worked on now.
SELECT restore_id, since, dry_run FROM d365_restores WHERE state = 'running'
