-- A name can change, or be another person's too; issuer and subject together say who it was. Null in rows from before.
ALTER TABLE case_api.cases ADD COLUMN IF NOT EXISTS created_by_subject text, ADD COLUMN IF NOT EXISTS created_by_issuer text;
GRANT INSERT (created_by_subject, created_by_issuer) ON case_api.cases TO case_api;
ALTER TABLE case_api.submissions
    ADD COLUMN IF NOT EXISTS created_by_subject text, ADD COLUMN IF NOT EXISTS created_by_issuer text,
    ADD COLUMN IF NOT EXISTS submitted_by_subject text, ADD COLUMN IF NOT EXISTS submitted_by_issuer text;

-- A subject is unique within its issuer only. Keys that the old code keeps have no issuer; the new code finds them, too.
ALTER TABLE case_api.idempotency_keys
    ADD COLUMN IF NOT EXISTS issuer text NOT NULL DEFAULT '',
    DROP CONSTRAINT idempotency_keys_pkey,
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (dealer, subject, key, issuer);

CREATE OR REPLACE FUNCTION case_api.event_value(s case_api.submissions) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to((jsonb_build_object(
        'web_case_id', s.web_case_id, 'submission_no', s.submission_no, 'submission_id', s.submission_id,
        'dealer', s.dealer, 'data_area_id', s.data_area_id, 'customer_account', s.customer_account,
        'content', s.content, 'created_by', s.created_by, 'submitted_at', case_api.event_time(s.submitted_at)
    ) || jsonb_strip_nulls(jsonb_build_object(
        'created_by_subject', s.created_by_subject, 'created_by_issuer', s.created_by_issuer,
        'submitted_by', s.submitted_by, 'submitted_by_subject', s.submitted_by_subject,
        'submitted_by_issuer', s.submitted_by_issuer
    )))::text, 'UTF8')
$$;
