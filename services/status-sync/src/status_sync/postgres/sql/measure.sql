-- Returns how far behind status-sync is, in seconds; null if nothing waits.
-- $1 misses int: a due read with more waits because D365 fails at its row; one that D365 does not have is given up before
SELECT
    (SELECT count(*) FROM due_reads WHERE due_at <= clock_timestamp()) AS due_reads,
    (SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM due_reads WHERE due_at <= clock_timestamp())::float8
        AS due_read_age_seconds,
    (SELECT extract(epoch FROM clock_timestamp() - done_at) FROM sync_state WHERE name = 'poll')::float8 AS poll_age_seconds,
    (SELECT coalesce(sum(cases), 0) FROM unknown_statuses)::bigint AS status_unknown,
    (SELECT count(*) FROM due_reads WHERE misses > $1::int) AS unreadable,
    not_followed.moved, not_followed.deleted, not_followed.reused
FROM (
    SELECT count(moved_at) AS moved, count(deleted_in_d365_at) AS deleted, count(case_id_reused_at) AS reused
    FROM case_api.cases
    WHERE coalesce(moved_at, deleted_in_d365_at, case_id_reused_at) IS NOT NULL
) AS not_followed
