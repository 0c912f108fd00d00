-- Forgets all that D365 showed of cases before it lost them (a restore of D365): nobody has seen anything of the case that it gets again.
-- A read that began before the loss no longer counts. Returns the rows with the Case IDs that they had, and as of when they are as they are:
-- later than what was announced of them before.
-- $1 web_case_id text[], $2 lost_at timestamptz[]
WITH lost AS MATERIALIZED (
    SELECT c.web_case_id, c.case_id, l.lost_at
    FROM case_api.cases AS c
    JOIN unnest($1::text[], $2::timestamptz[]) AS l (web_case_id, lost_at) ON l.web_case_id = c.web_case_id
    WHERE c.case_id IS NOT NULL AND l.lost_at > coalesce(greatest(c.status_as_of, c.moved_at), '-infinity')
    ORDER BY c.web_case_id
    FOR UPDATE OF c
)
UPDATE case_api.cases AS c SET
    case_id = NULL, d365_status = NULL, d365_status_mapped = NULL, status_as_of = NULL, d365_category = NULL, d365_category_type = NULL,
    d365_priority = NULL, d365_description = NULL, d365_modified_at = NULL, moved_at = NULL, deleted_in_d365_at = NULL,
    case_id_reused_at = NULL, named_in_d365 = false,
    -- Later than what was announced of them, so that this is another event; earlier than any read that is under way.
    read_began_at = greatest(c.read_began_at + interval '1 microsecond', l.lost_at)
FROM lost AS l
WHERE c.web_case_id = l.web_case_id
RETURNING c.web_case_id, c.dealer, l.case_id, c.status, c.d365_status, c.read_began_at AS as_of
