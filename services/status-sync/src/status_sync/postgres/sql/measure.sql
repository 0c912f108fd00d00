-- How far behind status-sync is, in seconds; null where there is nothing to tell.
SELECT
    (SELECT count(*) FROM due_reads WHERE due_at <= clock_timestamp()) AS due_reads,
    (SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM due_reads WHERE due_at <= clock_timestamp())::float8
        AS due_read_age_seconds,
    (SELECT extract(epoch FROM clock_timestamp() - done_at) FROM sync_state WHERE name = 'poll')::float8 AS poll_age_seconds,
    (SELECT count(*) FROM outbox) AS outbox_events
