-- The oldest events that wait to be published, in the order of their changes.
-- $1 limit int
SELECT id, topic, key, value, headers FROM outbox ORDER BY id LIMIT $1
