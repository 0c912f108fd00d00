-- By which rules the poll has read (see follow_rules.sql): a digest of the settings that decide what a read changes.
ALTER TABLE status_sync.sync_state ADD COLUMN rules text;
