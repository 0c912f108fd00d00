-- Empties again cases that operators wrote about after they were emptied: reasons, notes, and what D365 answered to a replay with a new
-- payload. As long after their last word as a case is emptied after its end. Returns how many.
-- $1 seconds since that word float; 200 rows at most
WITH words AS (
    SELECT web_case_id, max(at) AS last_at FROM (
        SELECT web_case_id, at FROM audit WHERE web_case_id IS NOT NULL UNION ALL SELECT web_case_id, at FROM notes
    ) AS written
    GROUP BY web_case_id
), due AS MATERIALIZED (
    SELECT c.web_case_id FROM case_api.cases AS c JOIN words AS w USING (web_case_id)
    WHERE c.emptied_at < w.last_at AND w.last_at < now() - make_interval(secs => $1::float8)
        -- What `lock_ended_cases` asks again.
        AND CASE
            WHEN c.phase = 'draft' THEN c.updated_at < now() - make_interval(secs => $1::float8)
            ELSE c.status IN ('closed', 'canceled', 'submitted') OR coalesce(c.deleted_in_d365_at, c.moved_at) IS NOT NULL
        END
        AND NOT EXISTS (
            SELECT FROM documents AS d
            WHERE d.web_case_id = c.web_case_id AND (
                d.state NOT IN ('delivered', 'returned', 'discarded') OR d.lease_token IS NOT NULL
                OR d.changed_at > now() - make_interval(secs => $1::float8)
            )
        )
    LIMIT 200
)
SELECT cardinality(empty_personal_data(lock_ended_cases(array_agg(web_case_id), now() - make_interval(secs => $1::float8))))
FROM due HAVING count(*) > 0
