-- A page of the registry of dealers, by slug, with how many documents of each are on their way, and how many are dead
-- letters.
-- $1 text to find (LIKE pattern) text, $2 active boolean, $3 only with dead letters boolean, $4 after this dealer text,
-- $5 how many int; null for no filter
WITH counted AS (
    SELECT
        dealer, count(*) FILTER (WHERE state <> 'failed')::int AS open, count(*) FILTER (WHERE state = 'failed')::int AS failed,
        min(submitted_at) FILTER (WHERE state <> 'failed') AS oldest
    FROM documents WHERE state IN ('pending', 'delivering', 'verifying', 'deferred', 'failed') GROUP BY dealer
)
SELECT
    d.dealer, d.name, d.data_area_id, d.customer_account, d.active, d.first_seen_at, d.seen_at, coalesce(c.open, 0) AS open,
    coalesce(c.failed, 0) AS failed, extract(epoch FROM now() - c.oldest)::float8 AS oldest_age_seconds
FROM status_sync.dealers AS d LEFT JOIN counted AS c USING (dealer)
WHERE ($1::text IS NULL OR concat_ws(' ', d.dealer, d.name, d.customer_account) ILIKE $1::text)
    AND ($2::boolean IS NULL OR d.active = $2::boolean)
    AND ($3::boolean IS NOT TRUE OR c.failed > 0)
    AND ($4::text IS NULL OR d.dealer > $4::text)
ORDER BY d.dealer LIMIT $5::int
