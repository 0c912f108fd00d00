-- Removes all priorities: the mapping says that D365 has none.
DELETE FROM priorities
