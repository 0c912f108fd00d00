-- Second cases that status-sync has seen and no document has noted yet, except those that the portal follows by now:
-- their first case is gone. The newest wait until that is known.
-- $1 how many int, $2 seen at least this many seconds ago float
SELECT s.web_case_id, s.submission_id, s.case_id, s.seen_at
FROM second_cases AS s JOIN case_api.cases AS c USING (web_case_id)
WHERE NOT s.noted AND s.seen_at <= now() - make_interval(secs => $2::float8) AND lower(c.case_id) <> lower(s.case_id)
ORDER BY s.seen_at LIMIT $1::int
