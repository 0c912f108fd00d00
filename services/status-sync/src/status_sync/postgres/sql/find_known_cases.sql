-- Returns the rows that cases of D365 may belong to, by Case ID (followed or not) or by Web Case ID, and those in the place where a case
-- with such a Web Case ID was until now; locks them in one order. Never returns the contact and the notes: they are not for this service.
-- $1 data_area_id text[], $2 case_id text[], $3 web_case_id text[] (without nulls, in upper case)
WITH found AS (
    SELECT * FROM unnest($1::text[], $2::text[]) AS f (data_area_id, case_id)
)
SELECT
    c.web_case_id, c.dealer, c.data_area_id, c.customer_account, c.origin, c.case_id, c.read_began_at, c.category,
    c.category_type, c.priority, c.description, c.d365_description, c.named_in_d365 AS named,
    EXISTS (
        SELECT FROM d365_sync.deliveries AS d
        WHERE d.web_case_id = c.web_case_id AND d.state = 'delivered' AND d.cause = 'linked' AND lower(d.case_id) = lower(c.case_id)
    ) AS linked,
    CASE WHEN c.case_id IS NULL THEN (
        -- Its record may never have come: Kafka can lose it.
        SELECT d.case_id FROM d365_sync.deliveries AS d
        WHERE d.web_case_id = c.web_case_id AND d.state = 'delivered' AND d.case_id IS NOT NULL
        ORDER BY d.submission_no DESC LIMIT 1
    ) END AS delivered_as,
    CASE WHEN c.submission_no > 1 THEN (
        SELECT d.submission_id FROM d365_sync.deliveries AS d
        WHERE d.web_case_id = c.web_case_id AND d.state = 'delivered'
        ORDER BY d.submission_no DESC LIMIT 1
    ) END AS delivered_submission_id,
    m.data_area_id AS moved_area, m.case_id AS moved_case_id,
    CASE
        WHEN c.case_id_reused_at IS NOT NULL THEN 'reused'
        WHEN c.moved_at IS NOT NULL THEN 'moved'
        WHEN c.deleted_in_d365_at IS NOT NULL THEN 'deleted'
    END AS unfollowed,
    ARRAY(
        SELECT s.submission_id FROM case_api.submissions AS s
        WHERE s.web_case_id = c.web_case_id ORDER BY s.submission_no DESC
    ) AS submission_ids,
    CASE WHEN c.read_began_at IS NULL THEN (
        SELECT s.traceparent FROM case_api.submissions AS s WHERE s.web_case_id = c.web_case_id ORDER BY s.submission_no DESC LIMIT 1
    ) END AS traceparent
FROM case_api.cases AS c
LEFT JOIN moved_records AS m ON m.web_case_id = c.web_case_id
WHERE c.web_case_id IN (
    SELECT unnest($3::text[])
    UNION
    SELECT k.web_case_id
    FROM moved_records AS r JOIN case_api.cases AS k ON k.data_area_id = r.data_area_id AND k.case_id = r.case_id
    WHERE r.web_case_id = ANY ($3::text[]) AND k.case_id IS NOT NULL
        AND coalesce(k.moved_at, k.deleted_in_d365_at, k.case_id_reused_at) IS NULL
    UNION
    SELECT k.web_case_id
    FROM case_api.cases AS k JOIN found AS f ON k.data_area_id = f.data_area_id AND k.case_id = f.case_id
    WHERE k.case_id IS NOT NULL AND coalesce(k.moved_at, k.deleted_in_d365_at, k.case_id_reused_at) IS NULL
    UNION
    SELECT k.web_case_id
    FROM case_api.cases AS k JOIN found AS f ON k.data_area_id = f.data_area_id AND k.case_id = f.case_id
    WHERE coalesce(k.moved_at, k.deleted_in_d365_at, k.case_id_reused_at) IS NOT NULL
)
ORDER BY c.web_case_id
FOR UPDATE OF c
