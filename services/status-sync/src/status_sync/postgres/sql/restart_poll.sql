-- The next poll begins at the beginning: dealers have appeared whose cases are older than its position.
UPDATE sync_state SET modified_at = NULL WHERE name = 'poll'
