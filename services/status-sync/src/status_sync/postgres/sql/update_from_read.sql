-- Takes over what a read of D365 showed, if it began after the last one applied, and follows the case again if it was not followed.
-- An unknown status keeps the last one; one that is new to dealers is noted. A text that is not for the row's dealer (`withheld`) leaves
-- the last one that was, at first the dealer's own. A text that D365 shortened or changed when it stored the case counts as the dealer's own,
-- until somebody writes another one there.
-- $1 began_at timestamptz, $2 web_case_id text[], $3 case_id text[], $4 d365_status text[], $5 mapped status text[],
-- $6 category text[], $7 category_type text[], $8 priority text[], $9 description text[], $10 modified_at timestamptz[],
-- $11 withheld boolean[], $12 named boolean[] (D365 shows the row's own Web Case ID)
WITH applied AS (
    UPDATE case_api.cases AS c SET
        case_id = r.case_id,
        d365_status = r.d365_status,
        d365_status_mapped = coalesce(r.mapped, c.d365_status_mapped),
        status_as_of = $1,
        d365_category = r.category,
        d365_category_type = r.category_type,
        d365_priority = r.priority,
        -- Personal data that was erased does not come back.
        d365_description = CASE
            WHEN c.emptied_at IS NOT NULL THEN NULL
            WHEN NOT r.withheld AND c.origin = 'portal' AND r.is_own THEN c.description
            WHEN NOT r.withheld THEN r.description
            WHEN c.status_as_of IS NULL THEN c.description
            ELSE c.d365_description
        END,
        d365_modified_at = r.modified_at,
        read_began_at = $1,
        named_in_d365 = c.named_in_d365 OR r.named,
        moved_at = NULL,
        deleted_in_d365_at = NULL,
        case_id_reused_at = NULL
    FROM (SELECT given.*, EXISTS (
        SELECT FROM d365_sync.kept_descriptions AS k
        WHERE k.web_case_id = given.web_case_id AND (k.pending OR (
            lower(k.case_id) = lower(given.case_id) AND k.kept_description = sha256(convert_to(coalesce(given.description, ''), 'UTF8'))
        ))
    ) AS is_own
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[],
        $11::boolean[], $12::boolean[])
        AS given (web_case_id, case_id, d365_status, mapped, category, category_type, priority, description, modified_at, withheld, named)) AS r
    WHERE c.web_case_id = r.web_case_id AND (c.read_began_at IS NULL OR c.read_began_at < $1)
    RETURNING
        c.web_case_id, c.dealer, c.case_id, c.status, c.d365_status,
        old.read_began_at IS NULL OR (
            old.case_id, old.d365_status, old.d365_status_mapped, old.d365_category, old.d365_category_type,
            old.d365_priority, old.d365_description, old.moved_at, old.deleted_in_d365_at
        ) IS DISTINCT FROM (
            new.case_id, new.d365_status, new.d365_status_mapped, new.d365_category, new.d365_category_type,
            new.d365_priority, new.d365_description, new.moved_at, new.deleted_in_d365_at
        ) AS changed,
        new.d365_status_mapped,
        old.d365_status_mapped IS DISTINCT FROM new.d365_status_mapped AS status_changed
), noted AS (
    INSERT INTO status_changes (web_case_id, as_of, status, d365_status)
    SELECT web_case_id, $1, d365_status_mapped, d365_status FROM applied WHERE status_changed
    ON CONFLICT DO NOTHING
)
SELECT web_case_id, dealer, case_id, status, d365_status, changed FROM applied
