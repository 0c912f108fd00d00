-- Returns how many rows of a read are there. $1 run uuid
SELECT count(*) FROM incoming WHERE run = $1::uuid
