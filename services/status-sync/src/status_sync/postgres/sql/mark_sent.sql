-- Deletes the events that Kafka has acknowledged.
-- $1 id bigint[]
DELETE FROM outbox WHERE id = ANY ($1::bigint[])
