-- Counts the cases by status in D365, of those that the mapping does not know; reads the whole table, so only the leader runs it, and rarely.
-- $1 the symbols that the mapping knows, in small letters text[]
WITH found AS MATERIALIZED (
    SELECT c.d365_status, count(*) AS cases FROM case_api.cases AS c
    WHERE lower(c.d365_status) <> ALL ($1::text[])
        -- Others keep a status that D365 may not have any more.
        AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NULL
    GROUP BY c.d365_status
), gone AS (
    DELETE FROM unknown_statuses AS u WHERE NOT EXISTS (SELECT FROM found AS f WHERE f.d365_status = u.d365_status)
)
INSERT INTO unknown_statuses AS u (d365_status, cases) SELECT d365_status, cases FROM found
ON CONFLICT (d365_status) DO UPDATE SET cases = excluded.cases
