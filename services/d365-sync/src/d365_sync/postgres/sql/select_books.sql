-- Documents in a range of Web Case IDs, to compare with D365's books. `judged`: nothing has happened to it for a while.
-- $1 after this web_case_id text, $2 and submission_no int, $3 up to this web_case_id text (null: to the end), $4 how
-- many int, $5 that while in seconds float
SELECT
    d.web_case_id, d.submission_no, d.submission_id, d.data_area_id, d.customer_account, d.state, d.cause, d.case_id,
    greatest(d.submitted_at, d.changed_at) < now() - make_interval(secs => $5::float8) AND d.lease_token IS NULL AS judged,
    EXISTS (
        SELECT FROM documents AS other
        WHERE other.web_case_id = d.web_case_id AND other.submission_no <> d.submission_no AND other.state = 'delivered'
    ) AS other_delivered
FROM documents AS d
WHERE (d.web_case_id, d.submission_no) > ($1::text, $2::int) AND ($3::text IS NULL OR d.web_case_id <= $3::text)
ORDER BY d.web_case_id, d.submission_no LIMIT $4::int
