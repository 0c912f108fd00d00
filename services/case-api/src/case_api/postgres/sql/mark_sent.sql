-- Deletes the records that Kafka has acknowledged, and notes when each submission was first sent.
-- Locks rows one by one in the order of their key, as the consumer does, so that neither waits for the other forever.
-- $1 ids bigint[]
WITH sent AS (
    DELETE FROM outbox WHERE id = ANY ($1::bigint[]) RETURNING web_case_id, submission_no
), locked AS MATERIALIZED (
    SELECT x.*
    FROM (SELECT * FROM sent ORDER BY web_case_id, submission_no) s
    CROSS JOIN LATERAL (
        SELECT web_case_id, submission_no FROM submission_states
        WHERE web_case_id = s.web_case_id AND submission_no = s.submission_no AND sent_at IS NULL
        FOR UPDATE
    ) x
)
UPDATE submission_states x SET sent_at = clock_timestamp()
FROM locked WHERE x.web_case_id = locked.web_case_id AND x.submission_no = locked.submission_no
