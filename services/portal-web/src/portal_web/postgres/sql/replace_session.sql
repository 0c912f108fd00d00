-- Stores a session's new content, unless it was changed in between; one row (true) where it did. $1 id bytea, $2 content bytea, $3 version
UPDATE sessions SET content = $2, version = version + 1, renewing_until = NULL WHERE id = $1 AND version = $3 RETURNING true
