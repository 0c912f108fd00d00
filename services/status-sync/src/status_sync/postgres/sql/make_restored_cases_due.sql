-- D365 was restored to an earlier time: makes each case due that it had changed since then, spread over time, because its record went back
-- and no poll shows that. Each reported restore counts once.
-- $1 how much earlier than D365's time a change may be stamped interval, $2 cases per second float
WITH reported AS (
    SELECT max(r.ordered_at) AS ordered_at, min(r.since) - $1::interval AS since
    FROM d365_sync.restores AS r
    WHERE r.ordered_at > coalesce((SELECT s.done_at FROM sync_state AS s WHERE s.name = 'restore'), '-infinity')
    HAVING count(*) > 0
), noted AS (
    INSERT INTO sync_state (name, done_at) SELECT 'restore', ordered_at FROM reported
    ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at
), changed AS (
    SELECT DISTINCT c.data_area_id, c.case_id
    FROM case_api.cases AS c, reported AS r
    WHERE c.case_id IS NOT NULL
        AND (c.d365_modified_at >= r.since OR c.moved_at >= r.since OR c.deleted_in_d365_at >= r.since OR c.case_id_reused_at >= r.since)
), made_due AS (
    INSERT INTO due_reads (data_area_id, key_kind, key, due_at)
    SELECT
        c.data_area_id, 'case_id', c.case_id,
        clock_timestamp() + make_interval(secs => row_number() OVER (ORDER BY c.data_area_id, c.case_id) / $2::float8)
    FROM changed AS c
    ORDER BY 1, 2, 3
    ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET
        due_at = least(due_reads.due_at, excluded.due_at), version = excluded.version, misses = 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM made_due) AS made_due FROM reported
