-- The rows that cases of D365 may belong to, by Case ID or by Web Case ID, locked in one order.
-- $1 data_area_id text[], $2 case_id text[], $3 web_case_id text[] (without nulls, in upper case)
SELECT
    c.web_case_id, c.dealer, c.data_area_id, c.customer_account, c.origin, c.case_id, c.read_began_at, c.category,
    c.category_type, c.priority, c.description, c.contact_name, c.contact_email, c.contact_phone,
    ARRAY(
        SELECT s.submission_id FROM case_api.submissions AS s
        WHERE s.web_case_id = c.web_case_id ORDER BY s.submission_no DESC
    ) AS submission_ids
FROM case_api.cases AS c
WHERE c.web_case_id IN (
    SELECT unnest($3::text[])
    UNION
    SELECT k.web_case_id
    FROM case_api.cases AS k
    JOIN unnest($1::text[], $2::text[]) AS found (data_area_id, case_id)
        ON k.data_area_id = found.data_area_id AND k.case_id = found.case_id
)
ORDER BY c.web_case_id
FOR UPDATE OF c
