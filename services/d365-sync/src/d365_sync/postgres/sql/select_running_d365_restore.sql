-- The restore of D365 in progress.
SELECT restore_id, since, dry_run FROM d365_restores WHERE state = 'running'
