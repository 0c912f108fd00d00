-- Removes rows born in D365, and no others: their case belongs to a row of ours, to another dealer or to no dealer. Their statuses
-- move to the row of ours, and concern nobody else. If a row's personal data was erased, the texts of its dealer are nobody's from now on:
-- when the case comes back, a new row must not show them. Returns the rows as they were.
-- $1 web_case_id text[], $2 web_case_id of ours text[] (null: none)
WITH born AS (
    SELECT * FROM unnest($1::text[], $2::text[]) AS r (web_case_id, ours)
), erased AS (
    UPDATE case_texts AS t SET written_account = ''
    FROM born AS b JOIN case_api.cases AS c ON c.web_case_id = b.web_case_id
    WHERE c.origin = 'd365' AND c.emptied_at IS NOT NULL AND t.data_area_id = c.data_area_id AND t.case_id = c.case_id
        AND lower(t.written_area) = c.data_area_id AND lower(t.written_account) = lower(c.customer_account)
), gone AS (
    DELETE FROM status_changes AS s USING born AS b WHERE s.web_case_id = b.web_case_id
    RETURNING b.ours, s.as_of, s.status, s.d365_status
), kept AS (
    INSERT INTO status_changes (web_case_id, as_of, status, d365_status)
    SELECT ours, as_of, status, d365_status FROM gone WHERE ours IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT c.web_case_id, c.dealer, c.case_id, c.status, c.d365_status, case_api.delete_case_born_in_d365(c.web_case_id) AS changed
FROM born AS b JOIN case_api.cases AS c ON c.web_case_id = b.web_case_id
