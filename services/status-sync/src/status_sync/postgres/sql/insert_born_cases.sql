-- Inserts cases born in D365; omits one whose Web Case ID is taken. D365 reports no time of creation, so its last change,
-- as we first see it, is used instead.
-- Its status is the first one noted.
-- $1 began_at timestamptz, $2 web_case_id text[], $3 dealer text[], $4 data_area_id text[], $5 customer_account text[],
-- $6 case_id text[], $7 d365_status text[], $8 mapped status text[], $9 category text[], $10 category_type text[],
-- $11 priority text[], $12 description text[], $13 modified_at timestamptz[]
WITH inserted AS (
    INSERT INTO case_api.cases (
        web_case_id, dealer, data_area_id, customer_account, origin, phase, created_at, updated_at, case_id, d365_status,
        d365_status_mapped, status_as_of, d365_category, d365_category_type, d365_priority, d365_description,
        d365_modified_at, read_began_at
    )
    SELECT
        r.web_case_id, r.dealer, r.data_area_id, r.customer_account, 'd365', 'submitted', coalesce(r.modified_at, $1),
        coalesce(r.modified_at, $1), r.case_id, r.d365_status, r.mapped, $1, r.category, r.category_type, r.priority,
        r.description, r.modified_at, $1
    FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::text[], $12::text[], $13::timestamptz[]
    ) AS r (
        web_case_id, dealer, data_area_id, customer_account, case_id, d365_status, mapped, category, category_type, priority,
        description, modified_at
    )
    ON CONFLICT (web_case_id) DO NOTHING
    RETURNING web_case_id, dealer, case_id, status, d365_status, d365_status_mapped
), noted AS (
    INSERT INTO status_changes (web_case_id, as_of, status, d365_status)
    SELECT web_case_id, $1, d365_status_mapped, d365_status FROM inserted WHERE d365_status_mapped IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT web_case_id, dealer, case_id, status, d365_status, true AS changed FROM inserted
