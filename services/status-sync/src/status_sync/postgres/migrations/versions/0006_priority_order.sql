-- The place of a priority in the order that the mapping gives, from 1; null: by its name, behind those.
ALTER TABLE status_sync.priorities ADD COLUMN position integer;
