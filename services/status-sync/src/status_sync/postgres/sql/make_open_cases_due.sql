-- The daily sweep: makes each case that has not ended, or ended lately, due, spread over time; does nothing if the last sweep is younger.
-- A case has ended if today's mapping says so of D365's own symbol, and dealers see it that way: a symbol may have been mapped, or mapped
-- otherwise, since the last read, and only a read shows dealers what it means now.
-- $1 age of the last sweep interval, $2 cases per second float, $3 misses int (high enough that a read that finds nothing is the last),
-- $4 D365's symbols of cases at an end, in small letters text[], $5 what each is to dealers text[],
-- $6 age of the last change of those that are read all the same interval
WITH begun AS (
    INSERT INTO sync_state AS s (name, done_at) VALUES ('sweep', clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at WHERE s.done_at < clock_timestamp() - $1::interval
    RETURNING done_at
), open_cases AS (
    SELECT
        c.data_area_id,
        CASE WHEN n.own IS NULL THEN 'web_case_id' ELSE 'case_id' END AS key_kind,
        coalesce(n.own, c.web_case_id) AS key
    FROM case_api.cases AS c
    CROSS JOIN begun
    -- If its number belongs to another case now, its Web Case ID may still find it.
    CROSS JOIN LATERAL (SELECT CASE WHEN c.case_id_reused_at IS NULL OR NOT c.named_in_d365 THEN c.case_id END AS own) AS n
    WHERE (c.case_id IS NOT NULL OR c.submission_no > 0)
        AND (
            c.d365_modified_at > clock_timestamp() - $6::interval
            OR NOT EXISTS (
                SELECT FROM unnest($4::text[], $5::text[]) AS ended (symbol, status)
                WHERE ended.symbol = lower(c.d365_status) AND ended.status = c.d365_status_mapped
            )
        )
    ORDER BY 1, 2, 3
), made_due AS (
    INSERT INTO due_reads (data_area_id, key_kind, key, misses, due_at)
    SELECT
        o.data_area_id, o.key_kind, o.key, $3::int,
        clock_timestamp() + make_interval(secs => row_number() OVER (ORDER BY o.data_area_id, o.key_kind, o.key) / $2::float8)
    FROM open_cases AS o
    ON CONFLICT (data_area_id, key_kind, key) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM made_due) AS made_due FROM begun
