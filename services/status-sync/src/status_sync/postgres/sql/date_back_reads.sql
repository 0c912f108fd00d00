-- Dates reads that began ahead of PostgreSQL's clock back to now, so that newer reads apply; returns the last row that it has looked for, null
-- after all. Many may have been read shortly before a failover, so it takes them in parts, and locks in one order.
-- $1 the row after which to begin text, $2 rows at most int
WITH ahead AS MATERIALIZED (
    SELECT c.web_case_id FROM case_api.cases AS c
    WHERE c.web_case_id > $1::text COLLATE "C" AND c.read_began_at > clock_timestamp()
    ORDER BY c.web_case_id LIMIT $2::int
    FOR UPDATE OF c
), dated AS (
    UPDATE case_api.cases AS c SET read_began_at = clock_timestamp() FROM ahead AS a WHERE c.web_case_id = a.web_case_id
)
SELECT max(web_case_id) FROM ahead
