-- One document with its newest attempts, its submission as case-api has it, its newest notes, and its case's current
-- status.
-- $1 web_case_id text, $2 submission_no int
SELECT
    d.web_case_id, d.submission_no, d.submission_id, d.dealer, d.data_area_id, d.customer_account, d.state, d.cause, d.reason, d.detail,
    d.given_reason, d.case_id, d.content, d.created_by, d.created_by_subject, d.created_by_issuer, d.created_at, d.submitted_at, d.delivered_at, d.changed_at, d.revision, d.replay_id,
    d.other_case_ids, d.lease_token IS NOT NULL AS leased, d.alarms, d.alarm_since, d.differences,
    CASE
        WHEN d.state IN ('pending', 'deferred') THEN least(d.due_at, d.verify_at)
        ELSE d.verify_at
    END AS next_attempt_at, d.attempts AS attempt_count, tries.attempts, written.notes,
    (SELECT s.content FROM case_api.submissions AS s WHERE s.web_case_id = d.web_case_id AND s.submission_no = d.submission_no) AS submitted,
    (SELECT jsonb_build_object(
        'status', c.status, 'status_as_of', c.status_as_of, 'moved_at', c.moved_at, 'deleted_in_d365_at', c.deleted_in_d365_at,
        'case_id_reused_at', c.case_id_reused_at) FROM case_api.cases AS c WHERE c.web_case_id = d.web_case_id) AS case_now
FROM documents AS d
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'kind', kind, 'started', started_at, 'ended', ended_at, 'outcome', outcome, 'finding', finding, 'why', why, 'status', status,
        'request', request, 'answer', answer, 'duration_seconds', duration_seconds,
        'client_request_id', client_request_id, 'dyn_aid', dyn_aid) ORDER BY attempt_no), '[]') AS attempts
    FROM (
        SELECT * FROM attempts WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no
        ORDER BY attempt_no DESC LIMIT 100
    ) AS newest
) AS tries
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(to_jsonb(newest) ORDER BY id DESC), '[]') AS notes
    FROM (
        SELECT id, at, author, author_subject, author_issuer, text FROM notes
        WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no ORDER BY id DESC LIMIT 20
    ) AS newest
) AS written
WHERE d.web_case_id = $1::text AND d.submission_no = $2::int
