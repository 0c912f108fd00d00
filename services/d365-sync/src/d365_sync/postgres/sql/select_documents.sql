-- A page of documents, newest first, each with its newest attempts: the newest matches of each state, by its index, and of these the newest.
-- $1 states text[], $2 dealer text, $3 cause text, $4 older than seconds float, $5 text to find (LIKE pattern) text, $6
-- after created_at timestamptz, $7 web_case_id text, $8 submission_no int, $9 how many int, $10 with this alarm text;
-- null for no filter
SELECT
    d.web_case_id, d.submission_no, d.submission_id, d.dealer, d.data_area_id, d.customer_account, d.state, d.cause, d.reason, d.detail,
    d.given_reason, d.case_id, d.content, d.created_by, d.created_by_subject, d.created_by_issuer, d.created_at, d.submitted_at,
    d.delivered_at, d.changed_at, d.revision, d.replay_id, d.lease_token IS NOT NULL AS leased, d.alarms, d.alarm_since, d.differences,
    CASE
        WHEN d.state IN ('pending', 'deferred') THEN least(d.due_at, d.verify_at)
        ELSE d.verify_at
    END AS next_attempt_at, d.attempts AS attempt_count, tries.attempts
FROM (
    SELECT page.* FROM unnest($1::text[]) AS wanted (state)
    CROSS JOIN LATERAL (
        SELECT * FROM documents
        WHERE documents.state = wanted.state
            AND ($2::text IS NULL OR dealer = $2::text)
            AND ($3::text IS NULL OR cause = $3::text)
            AND ($4::float8 IS NULL OR submitted_at <= now() - make_interval(secs => $4::float8))
            AND ($5::text IS NULL OR concat_ws(' ', web_case_id || '-' || submission_no, case_id, submission_id, dealer, reason, detail) ILIKE $5::text
                OR dealer IN (SELECT named.dealer FROM status_sync.dealers AS named WHERE named.name ILIKE $5::text))
            AND ($10::text IS NULL OR cardinality(alarms) > 0 AND $10::text = ANY(alarms))
            AND ($6::timestamptz IS NULL OR (created_at, web_case_id, submission_no) < ($6::timestamptz, $7::text, $8::int))
        ORDER BY created_at DESC, web_case_id DESC, submission_no DESC
        LIMIT $9::int
    ) AS page
    ORDER BY created_at DESC, web_case_id DESC, submission_no DESC
    LIMIT $9::int
) AS d
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'kind', kind, 'started', started_at, 'ended', ended_at, 'outcome', outcome, 'finding', finding) ORDER BY attempt_no), '[]') AS attempts
    FROM (
        -- One that waits for months has thousands.
        SELECT * FROM attempts WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no
        ORDER BY attempt_no DESC LIMIT 10
    ) AS newest
) AS tries
ORDER BY d.created_at DESC, d.web_case_id DESC, d.submission_no DESC
