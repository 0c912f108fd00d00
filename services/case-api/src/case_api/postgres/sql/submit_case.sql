-- Submits a draft: the case changes, the submission and its state are recorded and the event enters the outbox, or nothing.
-- No row: no such case. `submitted` tells whether it was done; else the rest tells why, or what was done before.
-- The conditions are those of case_api.domain.submission, which words what was wrong.
-- $1 dealer, $2 web_case_id, $3 versions int[], $4 submission_id uuid, $5 submitted_by, $6 traceparent,
-- $7 category types allowed text[] (null: all), $8 category types hidden text[], $9 validate only bool, $10 seconds to the first resend float
WITH known AS MATERIALIZED (
    SELECT * FROM cases WHERE dealer = $1 AND web_case_id = $2
), facts AS MATERIALIZED (
    SELECT
        ARRAY (
            SELECT l.category_type FROM status_sync.categories l
            WHERE l.data_area_id = known.data_area_id AND l.category = known.category
                AND l.category_type = coalesce(nullif(known.category_type, ''), l.category_type)
                AND ($7::text[] IS NULL OR l.category_type = ANY ($7)) AND l.category_type <> ALL ($8::text[])
            ORDER BY l.category_type
        ) AS category_types,
        EXISTS (SELECT FROM status_sync.categories l WHERE l.data_area_id = known.data_area_id) AS lists_known,
        coalesce(known.priority, '') = '' OR EXISTS (
            SELECT FROM status_sync.priorities l WHERE l.data_area_id = known.data_area_id AND l.priority = known.priority
        ) AS priority_exists,
        coalesce(known.contact_email, '') = ''
            OR known.contact_email ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$' AS email_plausible
    FROM known
), changed AS (
    UPDATE cases SET
        phase = 'submitted', submission_no = cases.submission_no + 1, submitted_version = cases.version,
        submitted_at = now(), updated_at = now()
    FROM known, facts
    WHERE cases.dealer = $1 AND cases.web_case_id = $2 AND cases.phase = 'draft'
        AND cases.version = ANY ($3::integer[]) AND cases.version = known.version
        AND cardinality(facts.category_types) = 1 AND facts.priority_exists AND facts.email_plausible
        AND NOT $9::boolean
    RETURNING cases.*
), recorded AS (
    INSERT INTO submissions (
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
        submitted_by, submitted_at, traceparent
    )
    SELECT
        web_case_id, submission_no, $4, dealer, data_area_id, customer_account,
        jsonb_strip_nulls(jsonb_build_object(
            'category', category, 'category_type', category_types[1], 'priority', nullif(priority, ''),
            'description', nullif(description, ''),
            'contact', nullif(jsonb_strip_nulls(jsonb_build_object(
                'name', nullif(contact_name, ''), 'email', nullif(contact_email, ''), 'phone', nullif(contact_phone, '')
            )), '{}'),
            'notes', nullif(notes, '')
        )),
        created_by, $5, submitted_at, $6
    FROM changed CROSS JOIN facts
    RETURNING submissions AS submission
), stated AS (
    INSERT INTO submission_states (web_case_id, submission_no, resend_at)
    SELECT web_case_id, submission_no, submitted_at + make_interval(secs => $10::double precision) FROM changed
), queued AS (
    INSERT INTO outbox (web_case_id, submission_no, topic, value, headers)
    SELECT
        (submission).web_case_id, (submission).submission_no, 'case.submitted.v1',
        event_value(submission), event_headers(submission)
    FROM recorded
)
SELECT
    changed.web_case_id IS NOT NULL AS submitted,
    known.phase, known.version, known.submitted_version, known.category, known.category_type, facts.*,
    coalesce(changed.submission_no, known.submission_no) AS submission_no,
    coalesce(changed.submitted_at, known.submitted_at) AS submitted_at,
    coalesce(s.state, 'pending') AS state, s.case_id AS submission_case_id, s.cause, s.reason,
    coalesce(s.attempts, '[]') AS attempts, s.delivered_at
FROM known
CROSS JOIN facts
LEFT JOIN changed ON true
LEFT JOIN submission_states s
    ON s.web_case_id = known.web_case_id AND s.submission_no = known.submission_no AND changed.web_case_id IS NULL
