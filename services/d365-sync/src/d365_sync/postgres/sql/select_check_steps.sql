-- The last result of each step of the checks of D365, in their order.
-- $1 environment text
SELECT step AS id, state, message, remedy, findings, since, checked_at
FROM d365_check_steps WHERE environment = $1::text ORDER BY place
