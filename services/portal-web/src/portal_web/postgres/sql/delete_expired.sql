-- Deletes what has expired.
WITH ended AS (DELETE FROM sessions WHERE expires_at <= now()),
    begun AS (DELETE FROM begun_cases WHERE expires_at <= now()),
    unknown AS (DELETE FROM form_keys WHERE expires_at <= now())
DELETE FROM kept WHERE expires_at <= now()
