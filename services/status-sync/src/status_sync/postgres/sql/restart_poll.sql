-- Makes the next poll start from the beginning: dealers have appeared whose cases are older than its position. It is a new round,
-- so that a poll under way in another process does not move the position past them.
UPDATE sync_state SET modified_at = NULL, round = round + 1 WHERE name = 'poll'
