-- Marks documents as delivered because their submission was seen in D365, whatever their state. Never fenced.
-- A second case of the same submission is noted beside the first. But a delivered document takes the number under which the portal
-- follows its case: D365 has renumbered it, or status-sync reports both numbers (note_second_cases). A row per changed document, with its
-- new state.
-- What was seen before D365 lost the case (in a restore) no longer counts as evidence.
-- $1 web_case_id text[], $2 submission_id uuid[], $3 case_id text[], $4 when it was seen timestamptz[] (null: now), $5 whether the portal
-- follows the cases under these numbers boolean
WITH seen AS (
    SELECT d.web_case_id, d.submission_no, s.case_id, d.state, d.case_id AS known_as,
        d.other_case_ids || d.acknowledged_case_ids AS noted
    FROM (
        SELECT DISTINCT ON (web_case_id, submission_id) *
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[]) AS t (web_case_id, submission_id, case_id, seen_at)
        ORDER BY web_case_id, submission_id, seen_at DESC NULLS FIRST
    ) AS s
    JOIN documents AS d ON d.web_case_id = s.web_case_id AND d.submission_id = s.submission_id
    WHERE d.lost_at IS NULL OR s.seen_at IS NULL OR s.seen_at > d.lost_at
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
), other AS (
    SELECT * FROM seen WHERE state = 'delivered' AND lower(known_as) <> lower(case_id) AND case_id <> ALL(noted)
), renumbered AS (
    UPDATE documents AS d SET
        -- A linked case stays linked: its record may have no Web Case ID.
        cause = CASE WHEN d.cause = 'linked' THEN d.cause ELSE 'evidence' END,
        case_id = other.case_id, detail = format('D365 has given case %s the number %s', d.case_id, other.case_id),
        revision = d.revision + 1, changed_at = now()
    FROM other
    WHERE d.web_case_id = other.web_case_id AND d.submission_no = other.submission_no AND $5::boolean
    RETURNING d.web_case_id, d.submission_no, d.state, d.cause, d.traceparent
), doubled AS (
    UPDATE documents AS d SET
        cause = CASE WHEN d.cause = 'linked' THEN d.cause ELSE 'found_twice' END,
        detail = format('D365 has this submission as case %s, and also as %s. If D365 still shows both, close all but one there; if it has given the case a new number, link that one', d.case_id, array_to_string(d.other_case_ids || other.case_id, ', ')),
        other_case_ids = d.other_case_ids || other.case_id,
        alarms = CASE WHEN 'second_case' = ANY(d.alarms) THEN d.alarms ELSE d.alarms || '{second_case}'::text[] END,
        alarm_since = coalesce(d.alarm_since, now()),
        revision = d.revision + 1,
        changed_at = now()
    FROM other
    WHERE d.web_case_id = other.web_case_id AND d.submission_no = other.submission_no AND NOT $5::boolean
    RETURNING d.web_case_id, d.submission_no, d.state, d.cause, d.traceparent
), delivered AS (
    UPDATE documents AS d SET
        state = 'delivered', cause = 'evidence', reason = NULL, detail = NULL, given_reason = NULL, case_id = seen.case_id, delivered_at = now(),
        revision = d.revision + 1, changed_at = now(), verify_at = NULL, settles_at = NULL, verdict = NULL, failure_log_at = NULL,
        lease_token = NULL, lease_kind = NULL, lease_expires_at = NULL,
        -- By then the answer to the POST, which shows what D365 stored, would have come.
        compare_at = CASE WHEN d.content IS NOT NULL THEN now() + interval '2 seconds' END
    FROM seen
    WHERE d.web_case_id = seen.web_case_id AND d.submission_no = seen.submission_no AND seen.state <> 'delivered'
    RETURNING d.web_case_id, d.submission_no, d.state, d.cause, d.traceparent
)
SELECT web_case_id, submission_no, state, cause, traceparent FROM delivered
UNION ALL SELECT web_case_id, submission_no, state, cause, traceparent FROM renumbered
UNION ALL SELECT web_case_id, submission_no, state, cause, traceparent FROM doubled
