-- The ledger (docs/design.md#does-everything-add-up): one statement, so one snapshot. Judges submissions older than $1
-- seconds and counts younger ones. status-sync and case-api take a moment for a delivery too, so `without_case_id`
-- judges deliveries older than that.
WITH books AS (
    SELECT
        s.submitted_at < now() - make_interval(secs => $1) AS judged, d.state,
        d.state = 'delivered' AND d.delivered_at < now() - make_interval(secs => $1)
            AND EXISTS (SELECT FROM case_api.cases AS c WHERE c.web_case_id = s.web_case_id AND c.case_id IS NULL) AS unseen
    FROM case_api.submissions AS s LEFT JOIN documents AS d USING (web_case_id, submission_no)
)
SELECT
    count(*) FILTER (WHERE judged) AS submissions,
    count(*) FILTER (WHERE NOT judged) AS younger,
    count(*) FILTER (WHERE judged AND state IS NULL) AS no_document,
    count(*) FILTER (WHERE judged AND state IN ('pending', 'delivering', 'verifying', 'deferred')) AS open,
    count(*) FILTER (WHERE judged AND state = 'delivered') AS delivered,
    count(*) FILTER (WHERE judged AND state = 'failed') AS failed,
    count(*) FILTER (WHERE judged AND state = 'returned') AS returned,
    count(*) FILTER (WHERE judged AND state = 'discarded') AS discarded,
    (
        SELECT count(*) FROM documents AS d
        WHERE NOT EXISTS (SELECT FROM case_api.submissions AS s WHERE s.web_case_id = d.web_case_id AND s.submission_no = d.submission_no)
    ) AS without_submission,
    count(*) FILTER (WHERE judged AND unseen) AS without_case_id,
    now() AS as_of
FROM books
