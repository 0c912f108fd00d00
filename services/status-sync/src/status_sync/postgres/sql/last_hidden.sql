-- Returns when the newest read began that showed a case hidden from dealers (perhaps only now); no row before the first.
SELECT done_at FROM sync_state WHERE name = 'hidden'
