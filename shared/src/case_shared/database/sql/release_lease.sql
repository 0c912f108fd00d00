-- Gives up a lease that is still ours, so that a standby need not wait for its end.
-- $1 name text, $2 owner text, $3 token bigint
UPDATE leases SET expires_at = clock_timestamp() - interval '1 millisecond' WHERE name = $1 AND owner = $2 AND token = $3
