-- Consumers of all services that have stopped because most of the latest records are unreadable. One that no longer
-- reports it is gone.
SELECT consumer_group, topic, since, told_at, cause, let_through_until FROM paused_consumers
WHERE told_at > now() - interval '2 minutes' ORDER BY since
