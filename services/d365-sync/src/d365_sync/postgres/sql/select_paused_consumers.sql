-- Consumers, of all services, that stand still because most of what came last cannot be read. One that tells it no more is gone.
SELECT consumer_group, topic, since, told_at, cause, let_through_until FROM paused_consumers
WHERE told_at > now() - interval '2 minutes' ORDER BY since
