-- How long ago D365 was last checked, and whether no step failed; no row if it never was.
-- $1 environment text
SELECT extract(epoch FROM now() - max(checked_at))::float8 AS age_seconds, bool_and(state <> 'failed') AS ok
FROM d365_check_steps WHERE environment = $1::text HAVING count(*) > 0
