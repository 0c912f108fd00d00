-- Every dealer ever seen, in one order; locked, so that two syncs cannot give the same slug.
SELECT dealer, data_area_id, customer_account, active FROM dealers ORDER BY dealer FOR UPDATE
