-- Returns how far behind status-sync is, in seconds; null if nothing waits.
SELECT
    (SELECT count(*) FROM due_reads WHERE due_at <= clock_timestamp()) AS due_reads,
    (SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM due_reads WHERE due_at <= clock_timestamp())::float8
        AS due_read_age_seconds,
    (SELECT extract(epoch FROM clock_timestamp() - done_at) FROM sync_state WHERE name = 'poll')::float8 AS poll_age_seconds,
    not_followed.moved, not_followed.deleted, not_followed.reused
FROM (
    SELECT count(moved_at) AS moved, count(deleted_in_d365_at) AS deleted, count(case_id_reused_at) AS reused
    FROM case_api.cases
    WHERE coalesce(moved_at, deleted_in_d365_at, case_id_reused_at) IS NOT NULL
) AS not_followed
