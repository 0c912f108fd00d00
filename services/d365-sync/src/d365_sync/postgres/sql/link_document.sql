-- Ties a document to a case that D365 has: evidence, by a person. No case is tied to two documents. No row where the revision or the state is another.
-- $1 web_case_id text, $2 submission_no int, $3 revision int, $4 states in which it is allowed text[], $5 actor text, $6 reason text, $7 case_id text
WITH changed AS (
    UPDATE documents AS d SET
        state = 'delivered', cause = 'linked', reason = NULL, detail = NULL, given_reason = NULL, case_id = $7::text, delivered_at = now(),
        verify_at = NULL, settles_at = NULL, verdict = NULL, failure_log_at = NULL, lease_token = NULL, lease_kind = NULL,
        lease_expires_at = NULL, revision = d.revision + 1, changed_at = now()
    WHERE d.web_case_id = $1::text AND d.submission_no = $2::int AND d.revision = $3::int AND d.state = ANY($4::text[])
        AND NOT EXISTS (
            SELECT FROM documents AS other
            WHERE other.data_area_id = d.data_area_id AND other.case_id = $7::text
                AND (other.web_case_id, other.submission_no) <> (d.web_case_id, d.submission_no)
        )
    RETURNING d.web_case_id, d.submission_no
)
INSERT INTO audit (actor, action, web_case_id, submission_no, reason, fields)
SELECT $5::text, 'link', web_case_id, submission_no, $6::text, '{case_id}'::text[] FROM changed
RETURNING id
