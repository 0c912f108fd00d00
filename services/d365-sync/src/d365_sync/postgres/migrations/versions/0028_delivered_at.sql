-- With when D365 got the case: `changed_at` moves on with each later change of the document.
CREATE OR REPLACE VIEW d365_sync.deliveries AS
SELECT d.web_case_id, d.submission_no, d.submission_id, d.revision, d.state, d.cause, coalesce(d.given_reason, d.reason) AS reason,
    d.case_id, d.changed_at, tries.attempts, d.lost_at, d.other_case_ids, d.delivered_at
FROM d365_sync.documents AS d
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'started', to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'ended', to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'outcome', outcome
    ) ORDER BY attempt_no), '[]') AS attempts
    FROM (
        SELECT attempt_no, started_at, ended_at, outcome FROM d365_sync.attempts
        WHERE web_case_id = d.web_case_id AND submission_no = d.submission_no AND kind = 'create'
        ORDER BY attempt_no DESC LIMIT 50
    ) AS newest
) AS tries;
