-- A restore of D365: its progress, and the first unsure documents.
-- $1 restore_id uuid, $2 how many of them int
SELECT r.*, counted.*, unsure.documents AS unsure
FROM d365_restores AS r
CROSS JOIN LATERAL (
    SELECT count(*)::int AS documents, count(*) FILTER (WHERE outcome = 'there')::int AS there,
        count(*) FILTER (WHERE outcome = 'queued')::int AS queued, count(*) FILTER (WHERE outcome = 'not_sure')::int AS not_sure,
        count(*) FILTER (WHERE outcome = 'under_way')::int AS under_way, count(*) FILTER (WHERE outcome IS NULL)::int AS remaining
    FROM d365_restore_documents WHERE restore_id = r.restore_id
) AS counted
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('document', web_case_id || '-' || submission_no, 'why', detail) ORDER BY place), '[]') AS documents
    FROM (
        SELECT * FROM d365_restore_documents WHERE restore_id = r.restore_id AND outcome = 'not_sure' ORDER BY place LIMIT $2::int
    ) AS first
) AS unsure
WHERE r.restore_id = $1::uuid
