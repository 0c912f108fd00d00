-- Takes over what a read of D365 showed, where it began after the last one applied. An unknown status keeps the last one;
-- one that is new to dealers is noted.
-- $1 began_at timestamptz, $2 web_case_id text[], $3 case_id text[], $4 d365_status text[], $5 mapped status text[],
-- $6 category text[], $7 category_type text[], $8 priority text[], $9 description text[], $10 modified_at timestamptz[]
WITH applied AS (
    UPDATE case_api.cases AS c SET
        case_id = r.case_id,
        d365_status = r.d365_status,
        d365_status_mapped = coalesce(r.mapped, c.d365_status_mapped),
        status_as_of = $1,
        d365_category = r.category,
        d365_category_type = r.category_type,
        d365_priority = r.priority,
        d365_description = r.description,
        d365_modified_at = r.modified_at,
        read_began_at = $1
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[])
        AS r (web_case_id, case_id, d365_status, mapped, category, category_type, priority, description, modified_at)
    WHERE c.web_case_id = r.web_case_id AND (c.read_began_at IS NULL OR c.read_began_at < $1)
    RETURNING
        c.web_case_id, c.dealer, c.case_id, c.status, c.d365_status,
        old.read_began_at IS NULL OR (
            old.case_id, old.d365_status, old.d365_status_mapped, old.d365_category, old.d365_category_type,
            old.d365_priority, old.d365_description
        ) IS DISTINCT FROM (
            new.case_id, new.d365_status, new.d365_status_mapped, new.d365_category, new.d365_category_type,
            new.d365_priority, new.d365_description
        ) AS changed,
        new.d365_status_mapped,
        old.d365_status_mapped IS DISTINCT FROM new.d365_status_mapped AS status_changed
), noted AS (
    INSERT INTO status_changes (web_case_id, as_of, status, d365_status)
    SELECT web_case_id, $1, d365_status_mapped, d365_status FROM applied WHERE status_changed
    ON CONFLICT DO NOTHING
)
SELECT web_case_id, dealer, case_id, status, d365_status, changed FROM applied
