-- Returns the Case IDs under which d365-sync delivered cases more than ten minutes ago that have none in the read model: Kafka lost the
-- record. Of each case the newest submission's, and a thousand at most: the next turn links the others.
SELECT DISTINCT ON (c.web_case_id) c.web_case_id, d.case_id
FROM case_api.cases AS c
JOIN d365_sync.deliveries AS d USING (web_case_id)
WHERE c.case_id IS NULL AND c.origin = 'portal' AND c.submission_no > 0
    AND d.state = 'delivered' AND d.case_id IS NOT NULL AND d.changed_at < clock_timestamp() - interval '10 minutes'
    -- While another case of ours has the number, nothing can be linked.
    AND NOT EXISTS (
        SELECT FROM case_api.cases AS o
        WHERE o.data_area_id = c.data_area_id AND o.case_id = d.case_id AND o.case_id IS NOT NULL AND o.origin = 'portal'
            AND coalesce(o.moved_at, o.deleted_in_d365_at, o.case_id_reused_at) IS NULL
    )
ORDER BY c.web_case_id, d.submission_no DESC
LIMIT 1000
