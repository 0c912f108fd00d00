-- Postpones comparing these: D365 gave no answer. $1 web_case_id text[], $2 submission_no int[], $3 seconds float
UPDATE documents AS d SET compare_at = now() + make_interval(secs => $3::float8)
FROM unnest($1::text[], $2::int[]) AS t (web_case_id, submission_no)
WHERE (d.web_case_id, d.submission_no) = (t.web_case_id, t.submission_no) AND d.compare_at IS NOT NULL
