-- Stores what a restore of D365 has looked up: surely absent documents go back into the queue, behind new cases, with
-- their audit entries and the restore's progress, all or nothing. Each is looked up again right before it is sent. No
-- row if the lease is gone.
-- $1 restore_id uuid, $2 JSON array of {place, web_case_id, submission_no, revision, outcome, detail}, $3 when the
-- look-up began timestamptz, $4 leader's lease name text, $5 its token bigint
WITH restore AS (
    SELECT restore_id, dry_run, actor, actor_subject, actor_issuer, reason FROM d365_restores
    WHERE restore_id = $1::uuid AND state = 'running'
        AND EXISTS (SELECT FROM leases WHERE name = $4::text AND token = $5::bigint AND expires_at > clock_timestamp())
    FOR UPDATE
), found AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb)
        AS t (place int, web_case_id text, submission_no int, revision int, outcome text, detail text)
), held AS (
    SELECT d.web_case_id, d.submission_no FROM documents AS d
    JOIN found AS f USING (web_case_id, submission_no)
    CROSS JOIN restore AS r
    WHERE f.outcome = 'queued' AND NOT r.dry_run AND d.state = 'delivered' AND d.revision = f.revision AND d.content IS NOT NULL
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
), queued AS (
    UPDATE documents AS d SET
        state = 'pending', cause = 'lost_in_d365', reason = NULL, given_reason = NULL,
        detail = format('D365 was restored to an earlier time and does not have case %s any more', d.case_id),
        case_id = NULL, other_case_ids = '{}', acknowledged_case_ids = '{}', alarms = '{}', alarm_since = NULL,
        differences = NULL, compare_at = NULL, delivered_at = NULL, lost_at = $3::timestamptz, replay_id = NULL, rank = 1, due_at = now(),
        read_back_first = true, posts = 0, waits = 0, retried = false, verdict = NULL, verify_at = NULL, settles_at = NULL,
        failure_log_at = NULL, revision = d.revision + 1, changed_at = now()
    FROM held AS h
    WHERE d.web_case_id = h.web_case_id AND d.submission_no = h.submission_no AND d.state = 'delivered'
    RETURNING d.web_case_id, d.submission_no
), noted AS (
    INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, submission_no, reason, fields)
    SELECT r.actor, r.actor_subject, r.actor_issuer, 'deliver_again', q.web_case_id, q.submission_no, r.reason, '{case_id}'::text[] FROM queued AS q CROSS JOIN restore AS r
), done AS (
    -- One that has changed since and is still delivered is looked up again.
    UPDATE d365_restore_documents AS l SET outcome = f.outcome, detail = f.detail
    FROM found AS f CROSS JOIN restore AS r
    WHERE l.restore_id = r.restore_id AND l.place = f.place AND l.outcome IS NULL AND (
        f.outcome <> 'queued' OR r.dry_run
        OR EXISTS (SELECT FROM queued AS q WHERE (q.web_case_id, q.submission_no) = (f.web_case_id, f.submission_no))
    )
    RETURNING l.outcome
)
UPDATE d365_restores AS r SET changed_at = now(), held_up_by = NULL FROM restore
WHERE r.restore_id = restore.restore_id
RETURNING (SELECT count(*) FROM done)::int AS done, (SELECT count(*) FROM queued)::int AS queued
