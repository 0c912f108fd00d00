-- Submits drafts: for each, the case changes, the submission and its state are recorded and the event enters the outbox, or nothing happens.
-- Returns a row for each request whose case exists; `submitted` says whether it was done; if not, the rest says why, or what was done before.
-- Of two requests for one case one is done; the other finds a valid draft and must be repeated.
-- The conditions are those of case_api.domain.submission, which words what was wrong.
-- An Idempotency-Key is stored with its answer, together with what it did; `key_held` is false if another request with it is under way, and
-- `kept` is the earlier answer. A key stored between this statement's snapshot and its lock violates idempotency_keys_pkey: run it again.
-- $1 dealer[], $2 web_case_id[], $3 versions as int[] literals text[], $4 submission_id uuid[], $5 submitted_by[], $6 traceparent[],
-- $7 validate only bool[], $8 category types allowed text[] (null: all), $9 category types hidden text[], $10 seconds to the first resend float,
-- $11 subject[] and $14 issuer[] of the submitter, who also owns the key, $12 key text[] (null: none), $13 request_hash bytea[]
WITH requests AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::boolean[], $11::text[], $12::text[], $13::bytea[],
        $14::text[]
    ) WITH ORDINALITY r (
        dealer, web_case_id, versions, submission_id, submitted_by, traceparent, validate_only, subject, key, request_hash,
        issuer, place
    )
), locked AS MATERIALIZED (
    SELECT place, pg_try_advisory_xact_lock(hashtextextended(concat_ws(chr(31), dealer, subject, key), 0)) AS held
    FROM requests WHERE key IS NOT NULL
), keyed AS MATERIALIZED (
    SELECT l.place, l.held, i.request_hash AS kept_hash, i.answer AS kept
    FROM locked l JOIN requests r USING (place) LEFT JOIN LATERAL (
        SELECT request_hash, answer FROM idempotency_keys
        -- Keys from before issuers were stored have none.
        WHERE dealer = r.dealer AND subject = r.subject AND key = r.key AND issuer IN (r.issuer, '')
        ORDER BY issuer DESC LIMIT 1
    ) i ON true
), known AS MATERIALIZED (
    SELECT
        r.place, r.submission_id, r.submitted_by, r.traceparent, r.dealer, r.subject, r.issuer, r.key, r.request_hash,
        coalesce(i.held, true) AS key_held, i.kept_hash, i.kept,
        coalesce(i.held AND i.kept IS NULL, true) AS fresh,
        c.phase = 'draft' AND c.version = ANY (r.versions::integer[]) AND NOT r.validate_only
            AND coalesce(i.held AND i.kept IS NULL, true) AS wanted,
        c.phase = 'submitted' AND ARRAY[c.version, c.submitted_version] && r.versions::integer[] AS repeated,
        c.web_case_id, c.phase, c.version, c.submitted_version, c.submission_no, c.submitted_at, c.category, c.category_type,
        ARRAY (
            SELECT l.category_type FROM status_sync.categories l
            WHERE l.data_area_id = c.data_area_id AND l.category = c.category
                AND l.category_type = coalesce(nullif(c.category_type, ''), l.category_type)
                AND ($8::text[] IS NULL OR lower(l.category_type) = ANY ($8)) AND lower(l.category_type) <> ALL ($9::text[])
            ORDER BY l.category_type
        ) AS category_types,
        EXISTS (SELECT FROM status_sync.categories l WHERE l.data_area_id = c.data_area_id) AS lists_known,
        coalesce(c.priority, '') = '' OR EXISTS (
            SELECT FROM status_sync.priorities l WHERE l.data_area_id = c.data_area_id AND l.priority = c.priority
        ) AS priority_exists,
        coalesce(c.contact_email, '') = ''
            OR c.contact_email ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$' AS email_plausible,
        (
            SELECT jsonb_object_agg(l.field, l.characters - coalesce(utf16_length(b.before), 0)) FROM d365_lengths l
            -- As D365 gets both in one field (case_shared/d365/creating.py).
            CROSS JOIN LATERAL (
                SELECT CASE WHEN l.field = 'contact_and_notes' THEN 'Contact: ' || nullif(
                    concat_ws(', ', nullif(c.contact_name, ''), nullif(c.contact_email, ''), nullif(c.contact_phone, '')), ''
                ) || E'\n\n' END AS before
            ) b
            CROSS JOIN LATERAL (
                SELECT CASE l.field
                    WHEN 'description' THEN c.description WHEN 'notes' THEN c.notes WHEN 'contact_name' THEN c.contact_name
                    WHEN 'contact_email' THEN c.contact_email WHEN 'contact_phone' THEN c.contact_phone
                    WHEN 'contact_and_notes' THEN rtrim(concat(b.before, c.notes), E' \n\r\t')
                END AS text
            ) t
            -- No text has more UTF-16 units than bytes, which are counted at once.
            WHERE octet_length(t.text) > l.characters AND utf16_length(t.text) > l.characters
        ) AS too_long
    FROM (SELECT * FROM requests ORDER BY web_case_id) r
    JOIN cases c ON c.dealer = r.dealer AND c.web_case_id = r.web_case_id
    LEFT JOIN keyed i ON i.place = r.place
), changed AS (
    UPDATE cases SET
        phase = 'submitted', submitted_version = cases.version, submitted_at = now(), updated_at = now(), emptied_at = NULL,
        -- A delivery after the return makes an earlier submission the current one again (restore_delivered.sql).
        submission_no = greatest(cases.submission_no, (
            SELECT max(s.submission_no) FROM submissions s WHERE s.web_case_id = cases.web_case_id
        )) + 1
    FROM known k
    WHERE cases.web_case_id = k.web_case_id AND cases.phase = 'draft' AND cases.version = k.version
        AND k.wanted AND cardinality(k.category_types) = 1 AND k.priority_exists AND k.email_plausible AND k.too_long IS NULL
    RETURNING
        k.place, k.submission_id, k.submitted_by, k.subject, k.issuer, k.traceparent, k.category_types[1] AS resolved_type,
        cases.web_case_id, cases.submission_no, cases.submitted_at, cases.dealer, cases.data_area_id, cases.customer_account,
        cases.category, cases.priority, cases.description, cases.contact_name, cases.contact_email, cases.contact_phone, cases.notes,
        cases.created_by, cases.created_by_subject, cases.created_by_issuer
), recorded AS (
    INSERT INTO submissions (
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
        created_by_subject, created_by_issuer, submitted_by, submitted_by_subject, submitted_by_issuer, submitted_at, traceparent
    )
    SELECT
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
        jsonb_strip_nulls(jsonb_build_object(
            'category', category, 'category_type', resolved_type, 'priority', nullif(priority, ''),
            'description', nullif(description, ''),
            'contact', nullif(jsonb_strip_nulls(jsonb_build_object(
                'name', nullif(contact_name, ''), 'email', nullif(contact_email, ''), 'phone', nullif(contact_phone, '')
            )), '{}'),
            'notes', nullif(notes, '')
        )),
        created_by, created_by_subject, created_by_issuer, submitted_by, subject, issuer, submitted_at, traceparent
    FROM changed
    RETURNING web_case_id, submission_no, event_value(submissions) AS value, event_headers(submissions) AS headers
), stated AS (
    INSERT INTO submission_states (web_case_id, submission_no, resend_at)
    SELECT web_case_id, submission_no, submitted_at + make_interval(secs => $10::double precision) FROM changed
), queued AS (
    INSERT INTO outbox (web_case_id, submission_no, topic, value, headers)
    SELECT web_case_id, submission_no, 'case.submitted.v1', value, headers FROM recorded
), result AS (
    SELECT
        k.place, changed.place IS NOT NULL AS submitted,
        coalesce(changed.submission_no, k.submission_no) AS submission_no,
        coalesce(changed.submitted_at, k.submitted_at) AS submitted_at,
        coalesce(s.state, 'pending') AS state, s.case_id AS submission_case_id, s.cause, s.reason,
        coalesce(s.attempts, '[]') AS attempts, s.delivered_at
    FROM known k
    LEFT JOIN changed ON changed.place = k.place
    LEFT JOIN submission_states s
        ON s.web_case_id = k.web_case_id AND s.submission_no = k.submission_no AND changed.place IS NULL
), answered AS (
    INSERT INTO idempotency_keys (dealer, subject, issuer, key, request_hash, answer)
    SELECT k.dealer, k.subject, k.issuer, k.key, k.request_hash, to_jsonb(result) - 'place' - 'submitted' || jsonb_build_object('submitted_case', k.web_case_id)
    FROM known k JOIN result USING (place)
    WHERE k.key IS NOT NULL AND k.fresh AND (result.submitted OR (k.repeated AND k.submission_no > 0))
)
SELECT
    result.*, k.phase, k.version, k.submitted_version, k.category, k.category_type,
    k.category_types, k.lists_known, k.priority_exists, k.email_plausible, k.too_long, k.key_held, k.kept_hash, k.kept
FROM known k JOIN result USING (place)
