-- The database was restored: what it believes of D365 may be old, so every open document is looked up before it is sent.
-- $1 actor text, $2 reason text
WITH changed AS (
    UPDATE delivery_control SET restored_at = now() RETURNING true
), open AS (
    UPDATE documents SET read_back_first = true
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred') AND NOT read_back_first
    RETURNING true
)
INSERT INTO audit (actor, action, reason) SELECT $1::text, 'restored', $2::text FROM changed
