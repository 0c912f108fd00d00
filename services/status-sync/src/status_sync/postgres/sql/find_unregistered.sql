-- Returns the first customers of a read that have no slug yet, whatever the case in which D365 writes their accounts.
-- $1 run uuid, $2 how many int
SELECT DISTINCT ON (i.data_area_id, lower(i.key)) i.data_area_id, i.key
FROM incoming AS i
WHERE i.run = $1::uuid
    AND NOT EXISTS (
        SELECT FROM dealers AS d WHERE d.data_area_id = i.data_area_id AND lower(d.customer_account) = lower(i.key)
    )
ORDER BY i.data_area_id, lower(i.key), i.key LIMIT $2::int
