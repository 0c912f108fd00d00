-- Returns those of the cases that D365 lost (a restore of D365) after it last showed what the read model has of them, and when it lost them.
-- One that d365-sync has delivered under the number that the row has is there again.
-- $1 web_case_id text[]
SELECT c.web_case_id, v.lost_at
FROM case_api.cases AS c
-- Of each case by its key: every batch of deliveries asks, and hardly ever is one lost.
CROSS JOIN LATERAL (
    SELECT max(d.lost_at) AS lost_at FROM d365_sync.deliveries AS d WHERE d.web_case_id = c.web_case_id AND d.lost_at IS NOT NULL
) AS v
WHERE c.web_case_id = ANY ($1::text[]) AND c.origin = 'portal' AND c.case_id IS NOT NULL
    AND v.lost_at > coalesce(greatest(c.status_as_of, c.moved_at), '-infinity')
    AND NOT EXISTS (
        SELECT FROM d365_sync.deliveries AS d
        WHERE d.web_case_id = c.web_case_id AND d.state = 'delivered' AND lower(d.case_id) = lower(c.case_id)
    )
ORDER BY c.web_case_id
