-- Stores a session's content with its user's dealers, unless it changed in between, or a request renews its tokens: that
-- one begins from what it has read. $1 id bytea, $2 content bytea, $3 version
UPDATE sessions SET content = $2, version = version + 1
WHERE id = $1 AND version = $3 AND (renewing_until IS NULL OR renewing_until < now())
