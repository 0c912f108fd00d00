-- The ledger (DESIGN section 10), in one snapshot: submissions older than five minutes are judged, younger ones listed.
-- What status-sync and case-api do with a delivery takes a moment too: `without_case_id` judges deliveries older than five minutes.
WITH books AS (
    SELECT s.web_case_id, s.submission_no, s.submitted_at < now() - interval '5 minutes' AS judged, d.state, d.delivered_at, d.web_case_id IS NULL AS missing
    FROM case_api.submissions AS s LEFT JOIN documents AS d USING (web_case_id, submission_no)
)
SELECT
    (SELECT count(*) FROM books WHERE judged) AS submissions,
    (SELECT count(*) FROM books WHERE NOT judged) AS younger,
    (SELECT count(*) FROM books WHERE judged AND missing) AS no_document,
    (SELECT count(*) FROM books WHERE judged AND state IN ('pending', 'delivering', 'verifying', 'deferred')) AS open,
    (SELECT count(*) FROM books WHERE judged AND state = 'delivered') AS delivered,
    (SELECT count(*) FROM books WHERE judged AND state = 'failed') AS failed,
    (SELECT count(*) FROM books WHERE judged AND state = 'returned') AS returned,
    (SELECT count(*) FROM books WHERE judged AND state = 'discarded') AS discarded,
    (
        SELECT count(*) FROM documents AS d
        WHERE NOT EXISTS (SELECT FROM case_api.submissions AS s WHERE s.web_case_id = d.web_case_id AND s.submission_no = d.submission_no)
    ) AS without_submission,
    (
        SELECT count(*) FROM books AS b JOIN case_api.cases AS c USING (web_case_id)
        WHERE b.judged AND b.state = 'delivered' AND b.delivered_at < now() - interval '5 minutes' AND c.case_id IS NULL
    ) AS without_case_id,
    now() AS as_of
