-- How many changes of documents wait to be published, since how many seconds the oldest does, and how many events were refused.
SELECT
    count(*) AS depth, coalesce(extract(epoch FROM clock_timestamp() - min(changed_at)), 0)::double precision AS age_seconds,
    (SELECT count(*) FROM refused_events) AS refused
FROM documents WHERE revision > published_revision
