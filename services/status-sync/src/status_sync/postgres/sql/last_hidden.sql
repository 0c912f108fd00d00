-- When the newest read began that showed a case which dealers may not see (any more); no row before the first.
SELECT done_at FROM sync_state WHERE name = 'hidden'
