-- Makes a few cases of the portal in each legal entity due, the oldest and the newest numbers: if another database replaced D365's own,
-- they would be gone, or be different cases. Does nothing if the last time is younger.
-- $1 age of the last time interval, $2 misses int (high enough that a read that finds nothing is the last)
WITH begun AS (
    INSERT INTO sync_state AS s (name, done_at) VALUES ('controls', clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at < clock_timestamp() - $1::interval
    RETURNING done_at
), legal_entities AS (
    SELECT DISTINCT d.data_area_id FROM dealers AS d, begun
), controls AS (
    SELECT e.data_area_id, found.case_id
    FROM legal_entities AS e
    CROSS JOIN LATERAL (
        (
            SELECT c.case_id FROM case_api.cases AS c
            WHERE c.data_area_id = e.data_area_id AND c.case_id IS NOT NULL AND c.origin = 'portal' AND c.status_as_of IS NOT NULL
                AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NULL
            ORDER BY c.case_id LIMIT 2
        )
        UNION
        (
            SELECT c.case_id FROM case_api.cases AS c
            WHERE c.data_area_id = e.data_area_id AND c.case_id IS NOT NULL AND c.origin = 'portal' AND c.status_as_of IS NOT NULL
                AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NULL
            ORDER BY c.case_id DESC LIMIT 2
        )
    ) AS found
), made_due AS (
    INSERT INTO due_reads (data_area_id, key_kind, key, misses, due_at)
    SELECT data_area_id, 'case_id', case_id, $2::int, clock_timestamp() FROM controls ORDER BY 1, 2, 3
    ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET due_at = least(due_reads.due_at, excluded.due_at)
    RETURNING 1
)
SELECT (SELECT count(*) FROM made_due) AS made_due FROM begun
