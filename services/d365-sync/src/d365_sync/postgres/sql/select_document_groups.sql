-- Dead letters by cause; and what is delivered, but more than once.
SELECT cause, count(*)::int AS count, min(changed_at) AS first, max(changed_at) AS last
FROM documents WHERE state = 'failed' OR cardinality(other_case_ids) > 0 GROUP BY cause ORDER BY count(*) DESC, cause
