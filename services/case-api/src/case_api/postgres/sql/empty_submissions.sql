-- Empties the content of submissions that ended long ago and whose case has none on its way; returns how many.
-- $1 seconds since their end float; 500 rows at most, a constant so that the plan expects few
WITH due AS MATERIALIZED (
    SELECT x.web_case_id, x.submission_no FROM submission_states x
    WHERE x.emptied_at IS NULL AND x.state IN ('delivered', 'returned', 'discarded')
        AND x.state_at < now() - make_interval(secs => $1::double precision)
        -- A later submission that fails is compared with the earlier ones.
        AND NOT EXISTS (
            SELECT FROM submission_states o
            WHERE o.web_case_id = x.web_case_id AND o.state NOT IN ('delivered', 'returned', 'discarded')
        )
    ORDER BY x.state_at
    LIMIT 500
    FOR UPDATE SKIP LOCKED
), noted AS (
    UPDATE submission_states x SET emptied_at = now()
    FROM due WHERE x.web_case_id = due.web_case_id AND x.submission_no = due.submission_no
), emptied AS (
    UPDATE submissions s SET content = NULL
    FROM due WHERE s.web_case_id = due.web_case_id AND s.submission_no = due.submission_no
)
SELECT count(*) FROM due
