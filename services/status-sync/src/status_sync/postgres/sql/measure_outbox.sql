-- Returns how many events wait, for how many seconds the oldest has waited, and how many of them Kafka has refused.
SELECT
    count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::double precision AS age_seconds,
    count(refused_at) AS refused
FROM outbox
