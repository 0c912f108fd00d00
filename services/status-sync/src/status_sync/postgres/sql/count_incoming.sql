-- How many rows of a read stand there. $1 run uuid
SELECT count(*) FROM incoming WHERE run = $1::uuid
