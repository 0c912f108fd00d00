-- Of each of `fields` whether it was added, changed or emptied; null in rows from before. Never a value.
ALTER TABLE d365_sync.audit ADD COLUMN changes text[];
