-- Dead letters by cause (the counts equal those of the document list with state failed and that cause), with the most
-- common reasons.
WITH letters AS (
    SELECT cause, coalesce(reason, detail) AS reason, changed_at FROM documents WHERE state = 'failed'
), reasons AS (
    SELECT
        cause, reason, count(*)::int AS count, min(changed_at) AS first, max(changed_at) AS last,
        row_number() OVER (PARTITION BY cause ORDER BY count(*) DESC, reason) AS place
    FROM letters GROUP BY cause, reason
)
SELECT
    cause, sum(count)::int AS count, min(first) AS first, max(last) AS last,
    coalesce(jsonb_agg(jsonb_build_object('reason', left(reason, 300), 'count', count) ORDER BY place) FILTER (WHERE place <= 5 AND reason IS NOT NULL), '[]') AS reasons
FROM reasons GROUP BY cause ORDER BY sum(count) DESC, cause
