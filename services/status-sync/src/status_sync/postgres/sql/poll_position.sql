-- D365's modified time of the newest case that a poll has applied; no row before the first.
SELECT modified_at FROM sync_state WHERE name = 'poll'
