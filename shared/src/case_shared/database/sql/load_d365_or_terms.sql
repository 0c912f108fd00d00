-- Returns how many terms a chain of `or` may have in an environment of D365, as far as known. $1 environment's address text
SELECT or_terms FROM d365_sync.d365_filters WHERE environment = $1
