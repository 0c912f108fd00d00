-- The oldest records that wait to be sent; those that Kafka refused wait for their time.
-- $1 rows at most
SELECT id, web_case_id, topic, value, headers FROM outbox WHERE retry_at <= clock_timestamp() ORDER BY id LIMIT $1
