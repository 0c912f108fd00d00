-- Takes or renews a lease; returns no token if another owner has it.
-- A lease that ends later than any owner could have asked for dates from a database whose clock was ahead of this one's (a failover). It is
-- shortened, and not taken: its owner, if alive, still counts on it, for less than $3 seconds.
-- $1 name text, $2 owner text, $3 seconds float
INSERT INTO leases AS held (name, owner, token, expires_at)
VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3::double precision))
ON CONFLICT (name) DO UPDATE SET
    owner = CASE WHEN held.expires_at < clock_timestamp() THEN excluded.owner ELSE held.owner END,
    expires_at = excluded.expires_at,
    token = held.token + CASE WHEN held.expires_at < clock_timestamp() THEN 1 ELSE 0 END
WHERE held.owner = excluded.owner OR held.expires_at < clock_timestamp()
    OR held.expires_at > clock_timestamp() + make_interval(secs => 2 * $3)
RETURNING CASE WHEN held.owner = $2 THEN held.token END
