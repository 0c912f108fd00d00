-- Removes events that Kafka has.
-- $1 id bigint[]
DELETE FROM outbox WHERE id = ANY ($1::bigint[])
