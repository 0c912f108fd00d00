-- The last result of each step of the D365 checks, in order.
-- $1 environment text
SELECT step AS id, state, message, remedy, findings, since, checked_at
FROM d365_check_steps WHERE environment = $1::text ORDER BY place
