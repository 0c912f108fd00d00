-- A list is read anew: what earlier reads of it have left is no good. $1 list text
DELETE FROM incoming WHERE list = $1::text
