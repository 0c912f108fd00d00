-- Stores the Case ID of delivered cases that have none, or whose record was deleted or lost its Case ID to another case, or that follow the
-- one of two cases that an operator did not choose; `linked` is false if the row has another Case ID, or another followed row has this one.
-- `changed`: a row that had a Case ID was written; the rest of the columns are that row's, as of right after its last read: one under way comes after it.
-- $1 web_case_id text[], $2 case_id text[]
WITH delivered AS (
    SELECT DISTINCT ON (d.web_case_id) c.web_case_id, c.data_area_id, d.case_id AS given,
        CASE
            WHEN c.case_id = d.case_id THEN c.case_id
            WHEN coalesce(c.deleted_in_d365_at, c.case_id_reused_at) IS NULL AND NOT EXISTS (
                SELECT FROM d365_sync.deliveries AS v
                WHERE v.web_case_id = c.web_case_id AND v.state = 'delivered'
                    AND v.cause = 'linked' AND v.case_id = d.case_id AND c.case_id = ANY(v.other_case_ids)
            ) THEN c.case_id
        END AS had
    FROM unnest($1::text[], $2::text[]) AS d (web_case_id, case_id)
    JOIN case_api.cases AS c ON c.web_case_id = d.web_case_id AND c.origin = 'portal'
    ORDER BY d.web_case_id, d.case_id
), free AS (
    SELECT DISTINCT ON (d.data_area_id, d.given) d.web_case_id, d.given
    FROM delivered AS d
    WHERE d.had IS NULL AND NOT EXISTS (
        SELECT FROM case_api.cases AS o WHERE o.data_area_id = d.data_area_id AND o.case_id = d.given AND o.case_id IS NOT NULL
            AND coalesce(o.moved_at, o.deleted_in_d365_at, o.case_id_reused_at) IS NULL
    )
    ORDER BY d.data_area_id, d.given, d.web_case_id
), written AS (
    UPDATE case_api.cases AS c SET
        case_id = f.given, deleted_in_d365_at = NULL, case_id_reused_at = NULL,
        -- Another event than that of the last read; NULL if there was none.
        read_began_at = CASE WHEN c.case_id IS NOT NULL THEN c.read_began_at + interval '1 microsecond' ELSE c.read_began_at END
    FROM free AS f WHERE c.web_case_id = f.web_case_id
    RETURNING
        c.web_case_id, c.dealer, c.status, c.d365_status, old.case_id IS NOT NULL AS changed,
        coalesce(c.read_began_at, c.submitted_at, c.created_at) AS as_of
)
SELECT
    d.web_case_id, d.given AS case_id, (d.had IS NOT DISTINCT FROM d.given OR w.web_case_id IS NOT NULL) AS linked,
    coalesce(w.changed, false) AS changed, w.dealer, w.status, w.d365_status, w.as_of
FROM delivered AS d LEFT JOIN written AS w ON w.web_case_id = d.web_case_id
