-- Stores the results of attempts and the new states of their documents. Fenced by the document's lease token, except
-- for `delivered`: evidence is never fenced. A second case of the same submission is noted beside the first. A row per
-- changed document, with its new state.
-- $1 JSON array, see d365_sync.postgres.document_rows; $2 whether to record failures in D365's own document queue
-- boolean
WITH decided AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS t (
        web_case_id text, submission_no int, token uuid, attempt_no int, state text, outcome text, finding text, cause text, reason text,
        detail text, why text, case_id text, due_seconds float8, look_up_seconds float8, settle_seconds float8, verdict text, waits int,
        counts boolean, retried boolean, look_up_first boolean, status int, request text, answer text, duration_seconds float8,
        client_request_id uuid, dyn_aid text, differences jsonb
    )
), held AS (
    -- All statements lock in one order, so that they cannot deadlock; and the locked row is the newest.
    SELECT d.web_case_id, d.submission_no, d.state, d.case_id, d.other_case_ids, d.content IS NULL AS emptied FROM documents AS d
    JOIN decided USING (web_case_id, submission_no)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
), tried AS (
    -- Not fenced: an answer is stored, however late. But not the texts of a case whose personal data was erased meanwhile.
    UPDATE attempts AS a SET
        ended_at = clock_timestamp(), outcome = t.outcome, finding = t.finding, status = t.status,
        why = CASE WHEN NOT h.emptied THEN t.why END,
        request = CASE WHEN NOT h.emptied THEN t.request END,
        answer = CASE WHEN NOT h.emptied THEN t.answer END,
        duration_seconds = t.duration_seconds, client_request_id = t.client_request_id, dyn_aid = t.dyn_aid
    FROM decided AS t JOIN held AS h USING (web_case_id, submission_no)
    WHERE a.web_case_id = t.web_case_id AND a.submission_no = t.submission_no AND a.attempt_no = t.attempt_no
), doubled AS (
    UPDATE documents AS d SET
        cause = 'found_twice',
        detail = format('D365 has this submission as case %s, and also as %s. If D365 still shows both, close all but one there; if it has given the case a new number, link that one', d.case_id, array_to_string(d.other_case_ids || t.case_id, ', ')),
        other_case_ids = d.other_case_ids || t.case_id,
        alarms = CASE WHEN 'second_case' = ANY(d.alarms) THEN d.alarms ELSE d.alarms || '{second_case}'::text[] END,
        alarm_since = coalesce(d.alarm_since, now()),
        revision = d.revision + 1,
        changed_at = now()
    FROM decided AS t JOIN held AS h USING (web_case_id, submission_no)
    WHERE d.web_case_id = t.web_case_id AND d.submission_no = t.submission_no AND h.state = 'delivered' AND t.state = 'delivered'
        AND lower(h.case_id) <> lower(t.case_id) AND t.case_id <> ALL(h.other_case_ids || d.acknowledged_case_ids)
    RETURNING d.web_case_id, d.submission_no, d.state, d.cause, d.traceparent
), echoed AS (
    -- Evidence came before the answer, but only the answer shows what D365 stored.
    UPDATE documents AS d SET
        differences = nullif(t.differences, '[]'),
        compare_at = NULL,
        alarms = CASE WHEN t.differences <> '[]' THEN d.alarms || '{stored_differently}'::text[] ELSE d.alarms END,
        alarm_since = CASE WHEN t.differences <> '[]' THEN coalesce(d.alarm_since, now()) ELSE d.alarm_since END,
        revision = d.revision + (t.differences <> '[]')::int,
        changed_at = CASE WHEN t.differences <> '[]' THEN now() ELSE d.changed_at END
    FROM decided AS t JOIN held AS h USING (web_case_id, submission_no)
    WHERE d.web_case_id = t.web_case_id AND d.submission_no = t.submission_no AND h.state = 'delivered' AND t.state = 'delivered'
        AND lower(h.case_id) = lower(t.case_id) AND t.differences IS NOT NULL AND d.compare_at IS NOT NULL AND d.content IS NOT NULL
), stored AS (
    UPDATE documents AS d SET
        state = t.state,
        cause = t.cause,
        reason = t.reason,
        detail = t.detail,
        case_id = coalesce(t.case_id, d.case_id),
        delivered_at = CASE WHEN t.state = 'delivered' THEN coalesce(d.delivered_at, now()) ELSE d.delivered_at END,
        revision = d.revision + CASE WHEN (d.state, d.cause, d.reason) IS DISTINCT FROM (t.state, t.cause, t.reason) THEN 1 ELSE 0 END,
        changed_at = CASE WHEN (d.state, d.cause, d.reason) IS DISTINCT FROM (t.state, t.cause, t.reason) THEN now() ELSE d.changed_at END,
        due_at = now() + make_interval(secs => t.due_seconds),
        -- A value here came during this attempt (from evidence, or from an operator): this attempt's answer may be
        -- older.
        verify_at = CASE
            WHEN t.state NOT IN ('delivered', 'pending', 'deferred') THEN least(d.verify_at, now() + make_interval(secs => t.look_up_seconds))
        END,
        settles_at = CASE
            WHEN t.state = 'verifying' THEN greatest(d.settles_at, clock_timestamp() + make_interval(secs => t.settle_seconds))
        END,
        read_back_first = d.read_back_first OR t.look_up_first OR t.counts,
        verdict = t.verdict,
        waits = t.waits,
        posts = d.posts + t.counts::int,
        retried = t.retried,
        failure_log_at = CASE WHEN t.state = 'failed' AND d.state <> 'failed' AND $2::boolean THEN now() ELSE d.failure_log_at END,
        failure_log_tries = CASE WHEN t.state = 'failed' AND d.state <> 'failed' THEN 0 ELSE d.failure_log_tries END,
        -- Without the answer to the POST, what D365 stored is unknown and must be read.
        differences = CASE WHEN t.state = 'delivered' AND d.content IS NOT NULL THEN nullif(t.differences, '[]') END,
        compare_at = CASE WHEN t.state = 'delivered' AND d.content IS NOT NULL AND t.differences IS NULL THEN now() END,
        alarms = CASE WHEN t.state = 'delivered' AND t.differences <> '[]' THEN d.alarms || '{stored_differently}'::text[] ELSE d.alarms END,
        alarm_since = CASE WHEN t.state = 'delivered' AND t.differences <> '[]' THEN coalesce(d.alarm_since, now()) ELSE d.alarm_since END,
        lease_token = NULL,
        lease_kind = NULL,
        lease_expires_at = NULL
    FROM decided AS t JOIN held AS h USING (web_case_id, submission_no)
    WHERE d.web_case_id = t.web_case_id AND d.submission_no = t.submission_no AND h.state <> 'delivered'
        AND (d.lease_token = t.token OR t.state = 'delivered' AND NOT EXISTS (
            -- An answer from before D365 lost the case (in a restore) says nothing about the case now.
            SELECT FROM attempts AS a
            WHERE a.web_case_id = t.web_case_id AND a.submission_no = t.submission_no AND a.attempt_no = t.attempt_no AND a.started_at < d.lost_at
        ))
    RETURNING d.web_case_id, d.submission_no, d.state, d.cause, d.traceparent
)
SELECT web_case_id, submission_no, state, cause, traceparent FROM stored
UNION ALL SELECT web_case_id, submission_no, state, cause, traceparent FROM doubled
