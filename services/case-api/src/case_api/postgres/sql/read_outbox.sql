-- Returns the oldest records that wait to be sent. A refused one waits until its retry is due, and those of its key wait behind it.
-- $1 rows at most
SELECT id, convert_to(web_case_id, 'UTF8') AS key, topic, value, headers, created_at AS since
FROM outbox
WHERE web_case_id <> ALL (ARRAY(SELECT web_case_id FROM outbox WHERE refusals > 0 AND retry_at > clock_timestamp()))
ORDER BY id
LIMIT $1
