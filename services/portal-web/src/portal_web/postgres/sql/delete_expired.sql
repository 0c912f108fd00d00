-- Deletes what has expired. $1 double precision minutes without use after which a session ends
WITH ended AS (
    DELETE FROM sessions
    WHERE expires_at <= now() OR used_at <= now() - $1::double precision * interval '1 minute'
),
    begun AS (DELETE FROM begun_cases WHERE expires_at <= now()),
    unknown AS (DELETE FROM form_keys WHERE expires_at <= now())
DELETE FROM kept WHERE expires_at <= now()
