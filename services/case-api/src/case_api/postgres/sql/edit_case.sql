-- Changes the named columns of a draft. Returns no row if no such case exists; `changed` says whether it was a draft at one of the versions.
-- $1 dealer, $2 web_case_id, $3 versions int[], $4 names of the columns to change text[], $5 category, $6 category_type,
-- $7 priority, $8 description, $9 contact_name, $10 contact_email, $11 contact_phone, $12 notes
WITH known AS MATERIALIZED (
    SELECT * FROM cases WHERE dealer = $1 AND web_case_id = $2
), edited AS (
    UPDATE cases SET
        category = CASE WHEN 'category' = ANY ($4::text[]) THEN $5 ELSE category END,
        category_type = CASE WHEN 'category_type' = ANY ($4) THEN $6 ELSE category_type END,
        priority = CASE WHEN 'priority' = ANY ($4) THEN $7 ELSE priority END,
        description = CASE WHEN 'description' = ANY ($4) THEN $8 ELSE description END,
        contact_name = CASE WHEN 'contact_name' = ANY ($4) THEN $9 ELSE contact_name END,
        contact_email = CASE WHEN 'contact_email' = ANY ($4) THEN $10 ELSE contact_email END,
        contact_phone = CASE WHEN 'contact_phone' = ANY ($4) THEN $11 ELSE contact_phone END,
        notes = CASE WHEN 'notes' = ANY ($4) THEN $12 ELSE notes END,
        version = version + 1,
        emptied_at = NULL,
        updated_at = now()
    WHERE dealer = $1 AND web_case_id = $2 AND phase = 'draft' AND version = ANY ($3::integer[])
    RETURNING *
)
SELECT
    c.*, s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at
FROM (
    SELECT true AS changed, * FROM edited
    UNION ALL
    SELECT false, * FROM known WHERE NOT EXISTS (SELECT FROM edited)
) c
LEFT JOIN submission_states s USING (web_case_id, submission_no)
