-- Writes the Case ID of delivered cases that have none; `linked` is false where the row has, or another row holds, another one.
-- $1 web_case_id text[], $2 case_id text[]
WITH delivered AS (
    SELECT DISTINCT ON (d.web_case_id) c.web_case_id, c.data_area_id, c.case_id AS had, d.case_id AS given
    FROM unnest($1::text[], $2::text[]) AS d (web_case_id, case_id)
    JOIN case_api.cases AS c ON c.web_case_id = d.web_case_id AND c.origin = 'portal'
    ORDER BY d.web_case_id, d.case_id
), free AS (
    SELECT DISTINCT ON (d.data_area_id, d.given) d.web_case_id, d.given
    FROM delivered AS d
    WHERE d.had IS NULL AND NOT EXISTS (
        SELECT FROM case_api.cases AS o WHERE o.data_area_id = d.data_area_id AND o.case_id = d.given
    )
    ORDER BY d.data_area_id, d.given, d.web_case_id
), written AS (
    UPDATE case_api.cases AS c SET case_id = f.given FROM free AS f WHERE c.web_case_id = f.web_case_id
    RETURNING c.web_case_id
)
SELECT
    d.web_case_id, d.given AS case_id, (d.had IS NOT DISTINCT FROM d.given OR w.web_case_id IS NOT NULL) AS linked
FROM delivered AS d LEFT JOIN written AS w ON w.web_case_id = d.web_case_id
