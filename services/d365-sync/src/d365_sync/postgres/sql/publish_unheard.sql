-- Has the state of documents published again, once, that case-api has not read ten minutes later: Kafka lost the record, or case-api does not
-- read. Submissions under way are sent again by case-api anyway; this is for those that have ended. After ten minutes, twenty, forty and so on,
-- so that a consumer that stopped for days finds few copies.
-- Returns how many. $1 rows at most
WITH unread AS (
    SELECT d.web_case_id, d.submission_no, extract(epoch FROM clock_timestamp() - d.changed_at) AS age
    FROM documents AS d JOIN case_api.submission_states AS x USING (web_case_id, submission_no)
    WHERE x.revision <> d.revision AND d.published_revision >= d.revision
        AND d.changed_at < clock_timestamp() - interval '10 minutes'
), unheard AS (
    SELECT d.web_case_id, d.submission_no
    FROM unread AS u JOIN documents AS d USING (web_case_id, submission_no)
    -- Whether a doubling came since the last turn, which began some ten minutes ago.
    WHERE floor(log(2, u.age / 600)) > floor(log(2, greatest(u.age - 660, 300) / 600))
    ORDER BY d.web_case_id, d.submission_no
    LIMIT $1
    FOR UPDATE OF d
), again AS (
    UPDATE documents AS d SET published_revision = d.revision - 1 FROM unheard AS u
    WHERE d.web_case_id = u.web_case_id AND d.submission_no = u.submission_no
    RETURNING true
)
SELECT count(*) FROM again
