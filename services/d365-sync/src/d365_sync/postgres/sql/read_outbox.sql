-- Documents whose newest revision is not published yet. A state that lasts less than a second is skipped: the outcome
-- follows right after. A refused revision waits for its retry, unless a newer one has replaced it, and later
-- submissions of the case wait behind it.
-- $1 rows at most int
SELECT v.*, d.traceparent, v.changed_at AS since, convert_to(v.web_case_id, 'UTF8') AS key
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
    -- OFFSET 0: fetch them one by one, or the planner would read the whole table instead.
    SELECT * FROM deliveries WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no OFFSET 0
) AS v
ORDER BY v.changed_at
