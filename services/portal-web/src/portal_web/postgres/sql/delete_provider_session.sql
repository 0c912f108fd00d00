-- Ends what came from one session at the provider; returns how many. $1 provider_session bytea
WITH ended AS (DELETE FROM sessions WHERE provider_session = $1 RETURNING id)
SELECT count(*)::integer FROM ended
