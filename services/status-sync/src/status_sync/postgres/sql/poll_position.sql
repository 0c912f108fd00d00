-- D365's modified time of the newest case that a poll has applied, and the round it belongs to; no row before the first.
SELECT modified_at, round FROM sync_state WHERE name = 'poll'
