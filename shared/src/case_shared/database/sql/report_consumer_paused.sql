-- Reports to operators that a consumer is paused; returns whether an operator lets its unreadable records through for now.
-- $1 consumer group text, $2 topic text, $3 cause text
INSERT INTO d365_sync.paused_consumers AS paused (consumer_group, topic, cause) VALUES ($1, $2, $3)
ON CONFLICT (consumer_group) DO UPDATE SET told_at = now(), topic = excluded.topic, cause = excluded.cause
RETURNING coalesce(paused.let_through_until > now(), false)
