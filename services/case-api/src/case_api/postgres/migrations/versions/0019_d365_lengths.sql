-- What the mapping says of D365's fields; status-sync writes it at its start. A field that is not here takes all that the API allows.
CREATE TABLE IF NOT EXISTS case_api.d365_lengths (
    field text PRIMARY KEY,
    characters integer NOT NULL CHECK (characters > 0)
);
GRANT SELECT ON case_api.d365_lengths TO case_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON case_api.d365_lengths TO status_sync;

-- As D365 counts: in UTF-16 units, two for a character beyond the basic plane.
CREATE OR REPLACE FUNCTION case_api.utf16_length(text text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT length(text) + length(regexp_replace(text, '[^\U00010000-\U0010FFFF]', '', 'g'))
$$;
