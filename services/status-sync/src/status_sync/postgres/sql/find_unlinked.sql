-- Returns the Case IDs under which d365-sync delivered cases more than ten minutes ago that have none in the read model: Kafka lost the
-- record. Of each case the newest submission's, and a thousand at most: the next sweep links the others.
SELECT DISTINCT ON (c.web_case_id) c.web_case_id, d.case_id
FROM case_api.cases AS c
JOIN d365_sync.deliveries AS d USING (web_case_id)
WHERE c.case_id IS NULL AND c.origin = 'portal' AND c.submission_no > 0
    AND d.state = 'delivered' AND d.case_id IS NOT NULL AND d.changed_at < clock_timestamp() - interval '10 minutes'
ORDER BY c.web_case_id, d.submission_no DESC
LIMIT 1000
