-- Open documents and dead letters, by state.
SELECT state, count(*)::int AS documents, extract(epoch FROM now() - min(submitted_at))::float8 AS oldest_seconds,
    count(lease_token)::int AS leased
FROM documents WHERE state IN ('pending', 'delivering', 'verifying', 'deferred', 'failed') GROUP BY state
