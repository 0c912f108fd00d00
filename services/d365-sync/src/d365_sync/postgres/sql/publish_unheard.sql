-- Has the state of documents published again, once, that case-api has not read ten minutes later: Kafka lost the record. Submissions under way are
-- sent again by case-api anyway; this is for those that have ended, and finds them again with every turn until case-api has read them.
-- Returns how many. $1 rows at most
WITH unheard AS (
    SELECT d.web_case_id, d.submission_no
    FROM documents AS d JOIN case_api.submission_states AS x USING (web_case_id, submission_no)
    WHERE x.revision <> d.revision AND d.published_revision >= d.revision
        AND d.changed_at < clock_timestamp() - interval '10 minutes'
    ORDER BY d.web_case_id, d.submission_no
    LIMIT $1
    FOR UPDATE OF d
), again AS (
    UPDATE documents AS d SET published_revision = d.revision - 1 FROM unheard AS u
    WHERE d.web_case_id = u.web_case_id AND d.submission_no = u.submission_no
    RETURNING true
)
SELECT count(*) FROM again
