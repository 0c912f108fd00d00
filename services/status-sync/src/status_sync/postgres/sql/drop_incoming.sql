-- Deletes the rows of a list that has replaced the last one. $1 run uuid
DELETE FROM incoming WHERE run = $1::uuid
