-- Deletes the sessions and the kept that have expired.
WITH ended AS (DELETE FROM sessions WHERE expires_at <= now())
DELETE FROM kept WHERE expires_at <= now()
