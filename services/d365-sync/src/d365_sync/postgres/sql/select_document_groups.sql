-- Dead letters by cause.
SELECT cause, count(*)::int AS count, min(changed_at) AS first, max(changed_at) AS last
FROM documents WHERE state = 'failed' GROUP BY cause ORDER BY count(*) DESC, cause
