-- Adds events that wait to be published.
-- $1 topic text[], $2 key bytea[], $3 value bytea[], $4 headers jsonb[]
INSERT INTO outbox (topic, key, value, headers)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::jsonb[])
