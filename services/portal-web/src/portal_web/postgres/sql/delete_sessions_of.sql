-- Ends all sessions of a user; returns how many. $1 owner bytea
WITH ended AS (DELETE FROM sessions WHERE owner = $1 RETURNING id)
SELECT count(*)::integer FROM ended
