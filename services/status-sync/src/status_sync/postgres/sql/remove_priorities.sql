-- The mapping says that there are none.
DELETE FROM priorities
