-- A restore of D365, or the newest: their progress, and the first unsure documents of each.
-- $1 restore_id uuid (null: the newest), $2 how many unsure documents int, $3 how many restores int
SELECT r.*, counted.*, unsure.documents AS unsure
FROM (
    SELECT * FROM d365_restores WHERE $1::uuid IS NULL OR restore_id = $1::uuid ORDER BY ordered_at DESC LIMIT $3::int
) AS r
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
ORDER BY r.ordered_at DESC
