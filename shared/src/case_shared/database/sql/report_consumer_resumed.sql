-- Tells operators that a consumer goes on; what one of them lets through is let through until its time is over.
-- $1 consumer group text
DELETE FROM d365_sync.paused_consumers WHERE consumer_group = $1 AND (let_through_until IS NULL OR let_through_until < now())
