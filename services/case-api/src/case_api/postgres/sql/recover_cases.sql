-- After a restore: submits cases again whose newest submission the database has lost, with what was submitted. One event per case.
-- $1 events text[] (JSON as CaseSubmitted has it)
INSERT INTO cases (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, category, category_type, priority, description,
    contact_name, contact_email, contact_phone, notes, created_by, created_at, updated_at, submitted_at, submission_no,
    submitted_version, created_by_subject, created_by_issuer
)
SELECT
    event ->> 'web_case_id', event ->> 'dealer', event ->> 'data_area_id', event ->> 'customer_account', 'portal', 'submitted',
    event -> 'content' ->> 'category', event -> 'content' ->> 'category_type', event -> 'content' ->> 'priority',
    event -> 'content' ->> 'description', event -> 'content' -> 'contact' ->> 'name',
    event -> 'content' -> 'contact' ->> 'email', event -> 'content' -> 'contact' ->> 'phone',
    event -> 'content' ->> 'notes', event ->> 'created_by', (event ->> 'submitted_at')::timestamptz, now(),
    (event ->> 'submitted_at')::timestamptz, (event ->> 'submission_no')::int, 1,
    event ->> 'created_by_subject', event ->> 'created_by_issuer'
FROM (SELECT value::jsonb AS event FROM unnest($1::text[]) AS t (value)) AS recovered
ON CONFLICT (web_case_id) DO UPDATE SET
    phase = 'submitted', category = excluded.category, category_type = excluded.category_type,
    priority = excluded.priority, description = excluded.description, contact_name = excluded.contact_name,
    contact_email = excluded.contact_email, contact_phone = excluded.contact_phone, notes = excluded.notes,
    updated_at = now(), submitted_at = excluded.submitted_at, submission_no = excluded.submission_no,
    version = cases.version + 1, submitted_version = cases.version + 1, emptied_at = NULL
WHERE cases.origin = 'portal' AND cases.submission_no < excluded.submission_no
