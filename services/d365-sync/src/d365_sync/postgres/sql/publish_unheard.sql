-- Has the state of documents published again, once, that case-api has not read ten minutes later: Kafka lost the record, or case-api does not
-- read. Submissions under way are sent again by case-api anyway; this is for those that have ended. After ten minutes, twenty, forty and so on,
-- so that a consumer that stopped for days finds few copies.
-- Returns how many. $1 rows at most
WITH unheard AS (
    SELECT d.web_case_id, d.submission_no
    FROM documents AS d JOIN case_api.submission_states AS x USING (web_case_id, submission_no)
    CROSS JOIN LATERAL (SELECT greatest(extract(epoch FROM clock_timestamp() - d.changed_at), 300) AS age) AS since
    WHERE x.revision <> d.revision AND d.published_revision >= d.revision
        -- Whether ten minutes, or a doubling of them, came since the last turn, which began some ten minutes ago.
        AND floor(log(2, since.age / 600)) > floor(log(2, greatest(since.age - 660, 300) / 600))
    ORDER BY d.web_case_id, d.submission_no
    LIMIT $1
    FOR UPDATE OF d
), again AS (
    UPDATE documents AS d SET published_revision = d.revision - 1 FROM unheard AS u
    WHERE d.web_case_id = u.web_case_id AND d.submission_no = u.submission_no
    RETURNING true
)
SELECT count(*) FROM again
