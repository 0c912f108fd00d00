-- Returns followed rows with these Case IDs, and whether D365 must know them: it has shown them, or its answer to the POST is older than
-- ten minutes, longer than any of its answers lags. Also returns controls: other Case IDs of the legal entity that D365 has shown; an
-- answer must show one of them to prove that something is absent. The oldest and the newest: a restore loses only the newest.
-- $1 data_area_id text, $2 case_id text[]
WITH followed AS NOT MATERIALIZED (
    SELECT c.case_id, c.web_case_id, c.status_as_of IS NOT NULL AS shown
    FROM case_api.cases AS c
    WHERE c.data_area_id = $1 AND c.case_id IS NOT NULL
        AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NULL
)
(
    SELECT
        f.case_id, f.web_case_id,
        f.shown OR EXISTS (
            SELECT FROM d365_sync.deliveries AS d
            WHERE d.web_case_id = f.web_case_id AND d.state = 'delivered' AND lower(d.case_id) = lower(f.case_id)
                AND d.changed_at < clock_timestamp() - interval '10 minutes'
        ) AS shown
    FROM followed AS f WHERE f.case_id = ANY ($2::text[])
)
UNION ALL
(SELECT case_id, NULL, shown FROM followed WHERE shown AND case_id <> ALL ($2::text[]) ORDER BY case_id LIMIT 2)
UNION ALL
(SELECT case_id, NULL, shown FROM followed WHERE shown AND case_id <> ALL ($2::text[]) ORDER BY case_id DESC LIMIT 2)
