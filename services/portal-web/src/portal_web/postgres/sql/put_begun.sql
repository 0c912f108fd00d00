-- Remembers the case that was begun at an address, for as long as case-api keeps Idempotency-Keys.
-- $1 id bytea, $2 web_case_id, $3 etag, $4 page or null
INSERT INTO begun_cases (id, web_case_id, etag, page, expires_at) VALUES ($1, $2, $3, $4, now() + interval '7 days')
ON CONFLICT (id) DO UPDATE
SET web_case_id = excluded.web_case_id, etag = excluded.etag, page = excluded.page, expires_at = excluded.expires_at
