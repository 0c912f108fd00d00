-- Documents whose newest revision was not published yet. What passes within a second is not told: the outcome is, right after.
-- $1 how many int
SELECT d.web_case_id, d.submission_no, d.submission_id, d.revision, d.state, d.cause, coalesce(d.given_reason, d.reason) AS reason, d.case_id,
    d.changed_at, d.traceparent, tries.attempts
FROM (
    SELECT * FROM documents
    WHERE revision > published_revision AND (state NOT IN ('pending', 'delivering') OR changed_at < now() - interval '1 second')
    ORDER BY changed_at
    LIMIT $1::int
) AS d
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('started', started_at, 'ended', ended_at, 'outcome', outcome) ORDER BY attempt_no), '[]') AS attempts
    FROM (
        SELECT attempt_no, started_at, ended_at, outcome FROM attempts
        WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no AND kind = 'create'
        ORDER BY attempt_no DESC LIMIT 50
    ) AS newest
) AS tries
