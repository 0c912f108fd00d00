-- After a restore: stores submissions that the database has lost, and their states, as if they got no response yet. Returns a row for each.
-- $1 events text[] (JSON as CaseSubmitted has it), $2 traceparent text[]
WITH recovered AS (
    INSERT INTO submissions (
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
        submitted_by, submitted_at, traceparent, created_by_subject, created_by_issuer, submitted_by_subject, submitted_by_issuer
    )
    SELECT
        event ->> 'web_case_id', (event ->> 'submission_no')::int, (event ->> 'submission_id')::uuid, event ->> 'dealer',
        event ->> 'data_area_id', event ->> 'customer_account', event -> 'content', event ->> 'created_by',
        coalesce(event ->> 'submitted_by', event ->> 'created_by'), (event ->> 'submitted_at')::timestamptz, traceparent,
        event ->> 'created_by_subject', event ->> 'created_by_issuer', event ->> 'submitted_by_subject',
        event ->> 'submitted_by_issuer'
    FROM (SELECT value::jsonb AS event, traceparent FROM unnest($1::text[], $2::text[]) AS t (value, traceparent)) AS told
    ON CONFLICT DO NOTHING
    RETURNING web_case_id, submission_no
), stated AS (
    INSERT INTO submission_states (web_case_id, submission_no, resend_at)
    SELECT web_case_id, submission_no, now() FROM recovered
    ON CONFLICT DO NOTHING
)
SELECT web_case_id, submission_no FROM recovered
