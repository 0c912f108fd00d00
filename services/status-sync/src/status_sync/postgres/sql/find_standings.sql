-- Returns what is known of the cases that events name, in the order of the events; and where the portal's case with that Web Case ID is, if any.
-- $1 legal entity in lower case text[], $2 Case ID text[], $3 Web Case ID in upper case text[]; "" where the event names none
SELECT
    EXISTS (SELECT FROM dealers AS d WHERE d.data_area_id = e.data_area_id COLLATE "C") AS registered,
    -- Two queries, because one index by Case ID has only the followed rows, and the other one the rest.
    e.case_id <> '' AND (
        EXISTS (
            SELECT FROM case_api.cases AS c
            WHERE c.data_area_id = e.data_area_id COLLATE "C" AND c.case_id = e.case_id COLLATE "C"
                AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NULL
        )
        OR EXISTS (
            SELECT FROM case_api.cases AS c
            WHERE c.data_area_id = e.data_area_id COLLATE "C" AND c.case_id = e.case_id COLLATE "C"
                AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NOT NULL
        )
    ) AS known,
    own.data_area_id AS own_area, own.case_id AS own_case_id, own.web_case_id AS own_web_case_id
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS e (data_area_id, case_id, web_case_id, place)
LEFT JOIN case_api.cases AS own ON own.web_case_id = e.web_case_id COLLATE "C"
ORDER BY e.place
