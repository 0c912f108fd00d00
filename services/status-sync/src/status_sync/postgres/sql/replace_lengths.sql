-- Stores how many characters D365 keeps of each text, as the mapping says. $1 field text[], $2 characters int[]
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::int[]) AS g (field, characters)
), gone AS (
    DELETE FROM case_api.d365_lengths AS l WHERE l.field <> ALL ($1::text[])
)
INSERT INTO case_api.d365_lengths AS l (field, characters) SELECT field, characters FROM given
ON CONFLICT (field) DO UPDATE SET characters = excluded.characters
