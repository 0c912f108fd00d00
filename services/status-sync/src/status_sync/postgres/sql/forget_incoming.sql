-- Deletes what earlier reads of a list have left, because it is read again. $1 list text
DELETE FROM incoming WHERE list = $1::text
