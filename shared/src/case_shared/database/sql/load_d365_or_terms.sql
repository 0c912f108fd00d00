-- How many terms of a chain of `or` an environment of D365 is known to take. $1 environment's address text
SELECT or_terms FROM d365_sync.d365_filters WHERE environment = $1
