-- Returns the registered dealers of cases of D365, which compares accounts without case: a record may spell its customer's differently.
-- $1 data_area_id text[], $2 case_id text[], $3 customer_account text[]
SELECT found.data_area_id, found.case_id, d.dealer, d.active
FROM unnest($1::text[], $2::text[], $3::text[]) AS found (data_area_id, case_id, customer_account)
JOIN dealers AS d
    ON d.data_area_id = found.data_area_id AND lower(d.customer_account) = lower(found.customer_account COLLATE "C")
