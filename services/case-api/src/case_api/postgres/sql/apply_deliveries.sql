-- Notes what d365-sync told of submissions: that it was heard, and its state where the revision is greater. One event a submission.
-- An end and a step away from one are noted for the timeline. Returns the submissions whose state is news. An event of a submission that is not ours (another submission_id) changes nothing.
-- Rows are locked in the order of their key, as the relay does it, so that neither waits for the other for ever.
-- $1 web_case_id[], $2 submission_no[], $3 submission_id[], $4 revision[], $5 state[], $6 cause[], $7 reason[], $8 case_id[],
-- $9 attempts as JSON text[], $10 occurred_at[], $11 seconds to the first resend float, $12 seconds to any resend at most float
WITH told AS MATERIALIZED (
    SELECT e.*
    FROM unnest(
        $1::text[], $2::integer[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[]
    ) e (web_case_id, submission_no, submission_id, revision, state, cause, reason, case_id, attempts, occurred_at)
    JOIN submissions s USING (web_case_id, submission_no, submission_id)
), locked AS MATERIALIZED (
    SELECT x.web_case_id, x.submission_no, x.revision AS held, x.state AS was, x.reason AS reason_was
    FROM submission_states x JOIN told USING (web_case_id, submission_no)
    ORDER BY x.web_case_id, x.submission_no
    FOR UPDATE OF x
), applied AS (
    UPDATE submission_states x SET
        heard_at = clock_timestamp(),
        resends = CASE WHEN told.revision > held THEN 0 ELSE x.resends END,
        resend_at = clock_timestamp() + make_interval(secs => CASE
            WHEN told.revision > held THEN $11::double precision
            ELSE least($11 * 2.0 ^ least(x.resends, 30), $12::double precision)
        END),
        revision = greatest(told.revision, held),
        state = CASE WHEN told.revision > held THEN told.state ELSE x.state END,
        state_at = CASE WHEN told.revision > held THEN told.occurred_at ELSE x.state_at END,
        case_id = CASE WHEN told.revision > held THEN coalesce(told.case_id, x.case_id) ELSE x.case_id END,
        cause = CASE WHEN told.revision > held THEN told.cause ELSE x.cause END,
        reason = CASE WHEN told.revision > held THEN told.reason ELSE x.reason END,
        attempts = CASE WHEN told.revision > held THEN told.attempts::jsonb ELSE x.attempts END,
        delivered_at = CASE
            WHEN told.revision > held AND told.state = 'delivered' THEN coalesce(x.delivered_at, told.occurred_at)
            ELSE x.delivered_at
        END
    FROM told JOIN locked USING (web_case_id, submission_no)
    WHERE x.web_case_id = told.web_case_id AND x.submission_no = told.submission_no
    RETURNING x.web_case_id, x.submission_no, x.state, told.revision > held AS news
), noted AS (
    INSERT INTO submission_changes (web_case_id, submission_no, revision, state, cause, reason, case_id, at)
    SELECT told.web_case_id, told.submission_no, told.revision, told.state, told.cause, told.reason, told.case_id, told.occurred_at
    FROM told JOIN locked USING (web_case_id, submission_no)
    WHERE told.revision > held AND (told.state, told.reason) IS DISTINCT FROM (was, reason_was)
        AND ARRAY[told.state, was] && '{delivered,failed,returned,discarded}'::text[]
    -- After a restore d365-sync may count anew.
    ON CONFLICT DO NOTHING
)
SELECT web_case_id, submission_no, state FROM applied WHERE news ORDER BY web_case_id, submission_no
