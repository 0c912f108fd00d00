-- Returns the oldest events that wait to be published. A refused one waits until its retry is due, and those of its key wait behind it.
-- $1 rows at most
SELECT id, key, topic, value, headers, created_at AS since
FROM outbox
WHERE key <> ALL (ARRAY(SELECT key FROM outbox WHERE refusals > 0 AND retry_at > clock_timestamp()))
ORDER BY id
LIMIT $1
