-- A replay of many that was given for exactly the documents of a dry run. No reference: each goes after its own time.
ALTER TABLE d365_sync.replays ADD COLUMN dry_run_id uuid;
