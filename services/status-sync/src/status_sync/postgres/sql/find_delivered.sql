-- Returns the Case IDs under which d365-sync has delivered cases, of each case the newest submission's.
-- $1 web_case_id text[]
SELECT DISTINCT ON (web_case_id) web_case_id, case_id
FROM d365_sync.deliveries
WHERE web_case_id = ANY ($1::text[]) AND state = 'delivered' AND case_id IS NOT NULL
ORDER BY web_case_id, submission_no DESC
