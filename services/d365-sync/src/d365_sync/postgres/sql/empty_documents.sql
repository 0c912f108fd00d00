-- Empties the payload of documents that reached an end long ago, and the bodies of their attempts; returns how many
-- documents. Skips a case with another document that has not ended: its look-up compares what it finds with the earlier
-- ones.
-- $1 seconds since their end float; 500 rows at most, a constant so that the planner expects few
WITH due AS MATERIALIZED (
    SELECT d.web_case_id, d.submission_no FROM documents AS d
    WHERE d.content IS NOT NULL AND d.state IN ('delivered', 'returned', 'discarded')
        AND d.changed_at < now() - make_interval(secs => $1::float8)
        AND d.lease_token IS NULL AND d.verify_at IS NULL
        AND NOT EXISTS (
            SELECT FROM documents AS o
            WHERE o.web_case_id = d.web_case_id AND o.state NOT IN ('delivered', 'returned', 'discarded')
        )
    ORDER BY d.changed_at
    LIMIT 500
    FOR UPDATE SKIP LOCKED
), emptied AS (
    UPDATE documents AS d SET content = NULL, differences = d365_sync.without_texts(d.differences), compare_at = NULL
    FROM due WHERE d.web_case_id = due.web_case_id AND d.submission_no = due.submission_no
), bodies AS (
    UPDATE attempts AS a SET request = NULL, answer = NULL
    FROM due WHERE a.web_case_id = due.web_case_id AND a.submission_no = due.submission_no
        AND (a.request IS NOT NULL OR a.answer IS NOT NULL)
)
SELECT count(*) FROM due
