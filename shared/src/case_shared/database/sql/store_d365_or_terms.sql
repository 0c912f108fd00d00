-- Stores how many terms of a chain of `or` an environment of D365 takes. $1 environment's address text, $2 terms int
INSERT INTO d365_sync.d365_filters AS f (environment, or_terms) VALUES ($1, $2)
ON CONFLICT (environment) DO UPDATE SET or_terms = excluded.or_terms, learned_at = clock_timestamp()
WHERE f.or_terms <> excluded.or_terms
