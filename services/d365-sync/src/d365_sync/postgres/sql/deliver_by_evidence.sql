-- Makes documents delivered because their submission was seen in D365, whatever their state. Never fenced.
-- $1 web_case_id text[], $2 submission_id uuid[], $3 case_id text[]
WITH seen AS (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]) AS t (web_case_id, submission_id, case_id)
)
UPDATE documents AS d SET
    state = 'delivered', cause = 'evidence', reason = NULL, detail = NULL, given_reason = NULL, case_id = seen.case_id, delivered_at = now(),
    revision = d.revision + 1, changed_at = now(), verify_at = NULL, settles_at = NULL, verdict = NULL, failure_log_at = NULL,
    lease_token = NULL, lease_kind = NULL, lease_expires_at = NULL
FROM seen
WHERE d.web_case_id = seen.web_case_id AND d.submission_id = seen.submission_id AND d.state <> 'delivered'
RETURNING d.web_case_id, d.submission_no
