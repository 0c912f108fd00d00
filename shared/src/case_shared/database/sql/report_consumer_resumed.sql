-- Reports to operators that a consumer goes on; an operator's permission to let records through stays until it expires.
-- $1 consumer group text
DELETE FROM d365_sync.paused_consumers WHERE consumer_group = $1 AND (let_through_until IS NULL OR let_through_until < now())
