-- Documents whose newest revision was not published yet. What passes within a second is not published: the outcome is, right after.
-- A revision that was refused waits for its time, unless another has taken its place, and later submissions of the case wait behind it.
-- $1 rows at most int
SELECT v.*, d.traceparent, convert_to(v.web_case_id, 'UTF8') AS key
FROM (
    SELECT web_case_id, submission_no, traceparent FROM documents
    WHERE revision > published_revision AND (state NOT IN ('pending', 'delivering') OR changed_at < now() - interval '1 second')
        AND web_case_id <> ALL (ARRAY(
            SELECT r.web_case_id
            FROM refused_events AS r
            JOIN documents AS held USING (web_case_id, submission_no, revision)
            WHERE r.retry_at > clock_timestamp()
        ))
    ORDER BY changed_at
    LIMIT $1::int
) AS d
CROSS JOIN LATERAL (
    -- OFFSET 0: one by one, for the planner would read the whole table in their place.
    SELECT * FROM deliveries WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no OFFSET 0
) AS v
ORDER BY v.changed_at
