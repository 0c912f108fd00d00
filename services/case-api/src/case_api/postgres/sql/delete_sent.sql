-- Deletes the records that Kafka has acknowledged, and notes when each submission was first sent.
-- $1 ids bigint[]
WITH sent AS (
    DELETE FROM outbox WHERE id = ANY ($1::bigint[]) RETURNING web_case_id, submission_no
), locked AS MATERIALIZED (
    SELECT x.web_case_id, x.submission_no
    FROM submission_states x JOIN sent USING (web_case_id, submission_no)
    WHERE x.sent_at IS NULL
    ORDER BY x.web_case_id, x.submission_no
    FOR UPDATE OF x
)
UPDATE submission_states x SET sent_at = clock_timestamp()
FROM locked WHERE x.web_case_id = locked.web_case_id AND x.submission_no = locked.submission_no
