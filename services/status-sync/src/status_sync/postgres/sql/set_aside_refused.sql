-- Sets aside an event that Kafka refuses for its data; it is tried again after a delay that doubles up to an hour.
-- $1 id bigint, $2 refusal
UPDATE outbox SET
    refusals = refusals + 1, refused_at = clock_timestamp(), refusal = $2,
    retry_at = clock_timestamp() + least(interval '1 minute' * 2.0 ^ least(refusals, 10), interval '1 hour')
WHERE id = $1
