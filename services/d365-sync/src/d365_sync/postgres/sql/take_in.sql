-- Takes submissions into the document queue; returns how many it did not hold already.
-- $1 events text[] (JSON as CaseSubmitted has it: one value a submission is far cheaper to send than ten), $2 traceparent text[]
WITH inserted AS (
    INSERT INTO documents (
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by, submitted_at, traceparent,
        read_back_first
    )
    SELECT
        event ->> 'web_case_id', (event ->> 'submission_no')::int, (event ->> 'submission_id')::uuid, event ->> 'dealer',
        event ->> 'data_area_id', event ->> 'customer_account', event -> 'content', event ->> 'created_by',
        (event ->> 'submitted_at')::timestamptz, traceparent, (event ->> 'submission_no')::int > 1
    FROM (SELECT value::jsonb AS event, traceparent FROM unnest($1::text[], $2::text[]) AS t (value, traceparent) OFFSET 0) AS t
    -- One order for all, so that two replicas never wait for each other.
    ORDER BY 1, 2
    ON CONFLICT (web_case_id, submission_no) DO NOTHING
    RETURNING true
)
SELECT count(*) FROM inserted
