-- How many document changes wait to be published, for how many seconds the oldest has waited, and how many events Kafka
-- refused.
SELECT
    count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(changed_at)), 0)::double precision AS age_seconds,
    (SELECT count(*) FROM refused_events) AS refused
FROM documents WHERE revision > published_revision
