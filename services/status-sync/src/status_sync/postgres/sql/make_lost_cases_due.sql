-- Makes cases due for a read that d365-sync reports as lost in D365 (a restore of D365), by the Case IDs that they had.
-- $1 web_case_id text[]
INSERT INTO due_reads (data_area_id, key_kind, key, due_at)
SELECT DISTINCT c.data_area_id, 'case_id', c.case_id, clock_timestamp()
FROM case_api.cases AS c
WHERE c.web_case_id = ANY ($1::text[]) AND c.case_id IS NOT NULL
ORDER BY 1, 2, 3
ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET
    due_at = least(due_reads.due_at, excluded.due_at), version = excluded.version, misses = 0
