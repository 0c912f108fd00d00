-- Binds the database to another D365 environment, where every open document is looked up before it is sent.
-- $1 actor text, $2 reason text, $3 D365_URL text
WITH changed AS (
    UPDATE delivery_control SET d365_url = $3::text, refused_url = NULL RETURNING true
), open AS (
    UPDATE documents SET read_back_first = true
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred') AND NOT read_back_first
    RETURNING true
)
INSERT INTO audit (actor, action, reason, fields) SELECT $1::text, 'adopt', $2::text, '{d365_url}'::text[] FROM changed
