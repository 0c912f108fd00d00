-- Puts submissions into the outbox again that got no response for too long, the longest silent first. Those that are still in it wait on: to
-- insert one that the publisher is deleting would wait for it, while it waits for the state that is locked here.
-- $1 rows at most, $2 seconds to the first resend float, $3 seconds to any resend at most float
WITH silent AS MATERIALIZED (
    SELECT web_case_id, submission_no FROM submission_states x
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred') AND resend_at <= now()
        -- OFFSET: asked for each of the few by its key, instead of reading the outbox as a whole.
        AND NOT EXISTS (
            SELECT FROM outbox o WHERE (o.web_case_id, o.submission_no) = (x.web_case_id, x.submission_no) OFFSET 0
        )
    ORDER BY resend_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), counted AS (
    UPDATE submission_states x SET
        resends = x.resends + 1,
        resend_at = clock_timestamp()
            + make_interval(secs => least($2::double precision * 2.0 ^ least(x.resends + 1, 30), $3::double precision))
    FROM silent WHERE x.web_case_id = silent.web_case_id AND x.submission_no = silent.submission_no
)
INSERT INTO outbox (web_case_id, submission_no, topic, value, headers)
SELECT s.web_case_id, s.submission_no, 'case.submitted.v1', event_value(s), event_headers(s)
FROM silent JOIN submissions s USING (web_case_id, submission_no)
-- Emptied content: the submission had ended, so d365-sync has its document.
WHERE s.content IS NOT NULL
ON CONFLICT (web_case_id, submission_no) DO NOTHING
RETURNING web_case_id, headers ->> 'traceparent' AS traceparent
