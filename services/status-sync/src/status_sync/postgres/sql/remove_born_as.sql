-- Removes the rows born in D365 that represent cases of ours that were delivered or linked under the same Case ID. Our row takes over
-- when the last read that such a row had applied began: a read that began earlier must not count for it.
-- Statuses of such a row move to ours, if it was the same dealer's. Returns the rows as they were, as of right after their last read.
-- $1 web_case_id text[], $2 case_id text[]
WITH merged AS (
    SELECT ours.web_case_id AS ours, born.web_case_id AS born, born.read_began_at, born.dealer = ours.dealer AS same_dealer,
        born.dealer, born.case_id, born.status, born.d365_status, coalesce(born.read_began_at, born.created_at) + interval '1 microsecond' AS as_of
    FROM unnest($1::text[], $2::text[]) AS delivered (web_case_id, case_id)
    JOIN case_api.cases AS ours
        ON ours.web_case_id = delivered.web_case_id AND ours.origin = 'portal'
        AND (ours.case_id IS NULL
            OR (ours.case_id <> delivered.case_id AND coalesce(ours.deleted_in_d365_at, ours.case_id_reused_at) IS NOT NULL))
    -- Followed or not: one by each of the two indexes.
    CROSS JOIN LATERAL (
        SELECT b.web_case_id, b.dealer, b.origin, b.read_began_at, b.created_at, b.case_id, b.status, b.d365_status FROM case_api.cases AS b
        WHERE b.data_area_id = ours.data_area_id AND b.case_id = delivered.case_id AND b.case_id IS NOT NULL
            AND coalesce(b.moved_at, b.deleted_in_d365_at, b.case_id_reused_at) IS NULL
        UNION ALL
        SELECT b.web_case_id, b.dealer, b.origin, b.read_began_at, b.created_at, b.case_id, b.status, b.d365_status FROM case_api.cases AS b
        WHERE b.data_area_id = ours.data_area_id AND b.case_id = delivered.case_id
            AND coalesce(b.moved_at, b.deleted_in_d365_at, b.case_id_reused_at) IS NOT NULL
    ) AS born
    WHERE born.origin = 'd365'
), dated AS (
    UPDATE case_api.cases AS c SET read_began_at = greatest(c.read_began_at, m.read_began_at)
    FROM merged AS m WHERE c.web_case_id = m.ours
), gone AS (
    DELETE FROM status_changes AS s USING merged AS m WHERE s.web_case_id = m.born
    RETURNING m.ours, m.same_dealer, s.as_of, s.status, s.d365_status
), kept AS (
    INSERT INTO status_changes (web_case_id, as_of, status, d365_status)
    SELECT ours, as_of, status, d365_status FROM gone WHERE same_dealer
    ON CONFLICT DO NOTHING
)
SELECT born AS web_case_id, dealer, case_id, status, d365_status, as_of, case_api.delete_case_born_in_d365(born) FROM merged
