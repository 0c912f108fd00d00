-- Notes that D365 looks like another environment; after a day without, a doubt counts as new. Returns which are new.
-- $1 kind text, $2 data_area_id text[] (sorted, each once), $3 example text[]
INSERT INTO environment_doubts AS d (kind, data_area_id, first_at, last_at, example)
SELECT $1::text, e.data_area_id, statement_timestamp(), statement_timestamp(), e.example
FROM unnest($2::text[], $3::text[]) AS e (data_area_id, example)
ON CONFLICT (kind, data_area_id) DO UPDATE SET
    last_at = excluded.last_at,
    first_at = CASE WHEN d.last_at < statement_timestamp() - interval '1 day' THEN excluded.first_at ELSE d.first_at END,
    example = excluded.example
RETURNING data_area_id, first_at = last_at AS new
