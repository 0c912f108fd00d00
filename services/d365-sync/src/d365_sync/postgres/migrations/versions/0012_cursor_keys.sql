-- What the cursors of lists are signed with: one key for all replicas. The server draws it, with 244 random bits.
CREATE TABLE IF NOT EXISTS d365_sync.cursor_keys (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);
INSERT INTO d365_sync.cursor_keys (key)
SELECT decode(replace(concat(gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex')
ON CONFLICT DO NOTHING;
GRANT SELECT ON d365_sync.cursor_keys TO d365_sync;
