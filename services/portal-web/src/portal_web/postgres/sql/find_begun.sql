-- The case that was begun at an address. $1 id bytea
SELECT web_case_id, etag, page FROM begun_cases WHERE id = $1 AND expires_at > now()
