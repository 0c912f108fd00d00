-- Links a document to a case that D365 has: evidence from a person. No case is linked to two documents. No row if the
-- revision or the state differs. A delivered document moves to another D365 case of the same submission; its former
-- case becomes the other one. Its alarm ends, and none of these cases, reported again, raises an alarm.
-- $1 web_case_id text, $2 submission_no int, $3 revision int, $4 states in which it is allowed text[], $5 actor text[]
-- (name, subject, issuer), $6 reason text, $7 case_id text, $8 all cases that D365 has of it, of which the operator has
-- chosen this one text[]
WITH changed AS (
    UPDATE documents AS d SET
        state = 'delivered', cause = 'linked', reason = NULL, given_reason = NULL, case_id = $7::text,
        detail = CASE WHEN d.state = 'delivered' THEN format('D365 has this submission as cases %s and %s. An operator chose the first', $7::text, d.case_id) END,
        delivered_at = CASE WHEN d.state = 'delivered' THEN d.delivered_at ELSE now() END,
        other_case_ids = array_remove(array_remove(d.other_case_ids || d.case_id, $7::text), NULL),
        acknowledged_case_ids = array_remove(d.acknowledged_case_ids || $8::text[] || d.other_case_ids || d.case_id, NULL),
        alarms = '{}', alarm_since = NULL, differences = NULL,
        -- The other case of the same submission may contain other texts; a case that nobody submitted certainly does.
        compare_at = CASE WHEN d.state = 'delivered' AND d.content IS NOT NULL THEN now() END,
        verify_at = NULL, settles_at = NULL, verdict = NULL, failure_log_at = NULL, lease_token = NULL, lease_kind = NULL,
        lease_expires_at = NULL, revision = d.revision + 1, changed_at = now()
    WHERE d.web_case_id = $1::text AND d.submission_no = $2::int AND d.revision = $3::int AND d.state = ANY($4::text[])
        AND (d.state <> 'delivered' OR ('second_case' = ANY(d.alarms) AND $7::text = ANY(d.other_case_ids)))
        AND NOT EXISTS (
            SELECT FROM documents AS other
            WHERE other.data_area_id = d.data_area_id AND other.case_id = $7::text
                AND (other.web_case_id, other.submission_no) <> (d.web_case_id, d.submission_no)
        )
    RETURNING d.web_case_id, d.submission_no
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, submission_no, reason, fields)
SELECT ($5::text[])[1], ($5::text[])[2], ($5::text[])[3], 'link', web_case_id, submission_no, $6::text, '{case_id}'::text[] FROM changed
RETURNING id
