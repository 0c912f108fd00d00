-- A dealer's customer account in D365.
-- $1 dealer text
SELECT data_area_id, customer_account FROM status_sync.dealers WHERE dealer = $1::text
