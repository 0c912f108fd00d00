-- Takes over how far d365-sync has come with submissions, and notes that they got a response. A record only names them: the state comes
-- from d365-sync's document, so that nobody who may write to Kafka can show a dealer anything. Reaching an end, leaving one, and another
-- Case ID at an end are noted for the timeline. Returns a row for each submission that d365-sync has a document of; `news` if its state has changed. The caller has locked their states.
-- `delivered_seconds`: how long the first delivery took since the submission, if this is it (one after a restore of D365 is not a measure).
-- $1 web_case_id[], $2 submission_no[], $3 submission_id[], $4 seconds to the first resend float, $5 seconds to any resend at most float
WITH known AS MATERIALIZED (
    SELECT d.*, s.submitted_at, s.traceparent, coalesce(d.delivered_at, d.changed_at) AS arrived_at
    FROM unnest($1::text[], $2::integer[], $3::uuid[]) AS named (web_case_id, submission_no, submission_id)
    JOIN submissions s USING (web_case_id, submission_no, submission_id)
    JOIN d365_sync.deliveries d USING (web_case_id, submission_no, submission_id)
), held AS MATERIALIZED (
    SELECT x.web_case_id, x.submission_no, x.revision AS held, x.state AS was, x.reason AS reason_was, x.case_id AS case_id_was
    FROM submission_states x JOIN known USING (web_case_id, submission_no)
), applied AS (
    UPDATE submission_states x SET
        heard_at = clock_timestamp(),
        resends = CASE WHEN known.revision <> held THEN 0 ELSE x.resends END,
        resend_at = clock_timestamp() + make_interval(secs => CASE
            WHEN known.revision <> held THEN $4::double precision
            ELSE least($4 * 2.0 ^ least(x.resends, 30), $5::double precision)
        END),
        revision = known.revision,
        state = CASE WHEN known.revision <> held THEN known.state ELSE x.state END,
        state_at = CASE WHEN known.revision <> held THEN known.changed_at ELSE x.state_at END,
        -- D365 may have lost the case (its database was restored): then the document has no Case ID any more.
        case_id = CASE WHEN known.revision <> held THEN known.case_id ELSE x.case_id END,
        cause = CASE WHEN known.revision <> held THEN known.cause ELSE x.cause END,
        -- Emptied at its end: a repeated record does not bring it back.
        reason = CASE WHEN known.revision <> held THEN known.reason ELSE x.reason END,
        attempts = CASE WHEN known.revision <> held THEN known.attempts ELSE x.attempts END,
        delivered_at = CASE
            WHEN known.revision <> held AND known.state <> 'delivered' THEN NULL
            WHEN known.revision <> held THEN known.arrived_at
            ELSE x.delivered_at
        END
    FROM known JOIN held USING (web_case_id, submission_no)
    WHERE x.web_case_id = known.web_case_id AND x.submission_no = known.submission_no
    RETURNING
        x.web_case_id, x.submission_no, x.state, known.revision <> held AS news, known.traceparent,
        CASE
            WHEN old.delivered_at IS NULL AND known.lost_at IS NULL
            THEN extract(epoch FROM new.delivered_at - known.submitted_at)::double precision
        END AS delivered_seconds
), noted AS (
    INSERT INTO submission_changes (web_case_id, submission_no, revision, state, cause, reason, case_id, at)
    SELECT known.web_case_id, known.submission_no, known.revision, known.state, known.cause, known.reason, known.case_id,
        CASE WHEN known.state = 'delivered' AND was <> 'delivered' THEN known.arrived_at ELSE known.changed_at END
    FROM known JOIN held USING (web_case_id, submission_no)
    WHERE known.revision <> held AND (known.state, known.reason, known.case_id) IS DISTINCT FROM (was, reason_was, case_id_was)
        AND ARRAY[known.state, was] && '{delivered,failed,returned,discarded}'::text[]
    -- After a restore d365-sync may count from the start.
    ON CONFLICT DO NOTHING
)
SELECT web_case_id, submission_no, state, news, delivered_seconds, traceparent FROM applied ORDER BY web_case_id, submission_no
