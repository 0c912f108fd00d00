-- Makes cases due for a read, by the Case IDs that D365 gave them: those that it has now, and those that it lost.
-- $1 web_case_id text[], $2 case_id text[], $3 traceparent text[]
INSERT INTO due_reads (data_area_id, key_kind, key, due_at, traceparent)
SELECT DISTINCT ON (c.data_area_id, d.case_id COLLATE "C") c.data_area_id, 'case_id', d.case_id, clock_timestamp(), d.traceparent
FROM unnest($1::text[], $2::text[], $3::text[]) AS d (web_case_id, case_id, traceparent)
JOIN case_api.cases AS c ON c.web_case_id = d.web_case_id
-- Locks are taken in one order, as make_due.sql does.
ORDER BY c.data_area_id, d.case_id COLLATE "C"
ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET
    due_at = least(due_reads.due_at, excluded.due_at), version = excluded.version, misses = 0,
    traceparent = coalesce(excluded.traceparent, due_reads.traceparent)
