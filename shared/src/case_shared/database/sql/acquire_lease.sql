-- Takes or renews a lease; returns no row if another owner has it.
-- $1 name text, $2 owner text, $3 seconds float
INSERT INTO leases AS held (name, owner, token, expires_at)
VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::double precision))
ON CONFLICT (name) DO UPDATE SET
    owner = excluded.owner,
    expires_at = excluded.expires_at,
    token = held.token + CASE WHEN held.owner = excluded.owner AND held.expires_at >= clock_timestamp() THEN 0 ELSE 1 END
WHERE held.owner = excluded.owner OR held.expires_at < clock_timestamp()
RETURNING token
