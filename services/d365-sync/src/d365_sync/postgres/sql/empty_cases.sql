-- Empties the personal data of cases that ended long ago, in all tables; returns how many. Ended means: closed or
-- canceled in D365, deleted there or moved to somebody else, discarded, or a returned draft unchanged since.
-- $1 seconds since their end float; 200 rows at most, a constant so that the planner expects few; few, so that nobody
-- waits long for their locks
WITH due AS MATERIALIZED (
    SELECT c.web_case_id FROM case_api.cases AS c
    LEFT JOIN case_api.submission_states AS x ON x.web_case_id = c.web_case_id AND x.submission_no = c.submission_no
    WHERE c.emptied_at IS NULL AND c.created_at < now() - make_interval(secs => $1::float8)
        AND CASE
            WHEN c.phase = 'draft' THEN c.updated_at
            WHEN c.status IN ('closed', 'canceled') THEN coalesce(
                (SELECT max(h.as_of) FROM status_sync.status_changes AS h WHERE h.web_case_id = c.web_case_id), c.status_as_of
            )
            WHEN coalesce(c.deleted_in_d365_at, c.moved_at) IS NOT NULL THEN coalesce(c.deleted_in_d365_at, c.moved_at)
            WHEN c.status = 'submitted' AND x.state = 'discarded' THEN x.state_at
        END < now() - make_interval(secs => $1::float8)
        -- A draft that was never submitted has not ended.
        AND (c.phase <> 'draft' OR EXISTS (SELECT FROM case_api.submissions AS s WHERE s.web_case_id = c.web_case_id))
        AND NOT EXISTS (
            SELECT FROM case_api.submission_states AS o
            WHERE o.web_case_id = c.web_case_id AND o.state IN ('pending', 'delivering', 'verifying', 'deferred')
        )
        AND NOT EXISTS (
            SELECT FROM documents AS d
            WHERE d.web_case_id = c.web_case_id
                AND (d.state IN ('pending', 'delivering', 'verifying', 'deferred') OR d.lease_token IS NOT NULL)
        )
    ORDER BY c.created_at
    LIMIT 200
)
SELECT cardinality(empty_personal_data(lock_ended_cases(array_agg(web_case_id), now() - make_interval(secs => $1::float8))))
FROM due HAVING count(*) > 0
