-- Stores where records are that moved under another number; a null Case ID: no longer elsewhere.
-- $1 web_case_id text[], $2 data_area_id text[], $3 case_id text[]
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS g (web_case_id, data_area_id, case_id)
), back AS (
    DELETE FROM moved_records AS m USING given AS g WHERE m.web_case_id = g.web_case_id AND g.case_id IS NULL
)
INSERT INTO moved_records AS m (web_case_id, data_area_id, case_id)
SELECT web_case_id, data_area_id, case_id FROM given WHERE case_id IS NOT NULL
ON CONFLICT (web_case_id) DO UPDATE SET data_area_id = excluded.data_area_id, case_id = excluded.case_id
