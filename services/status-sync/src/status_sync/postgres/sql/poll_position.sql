-- Returns D365's modified time of the newest case that a poll has applied, and its round; no row before the first.
SELECT modified_at, round FROM sync_state WHERE name = 'poll'
