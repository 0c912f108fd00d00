-- Returns the registry of dealers.
SELECT dealer, data_area_id, customer_account, name, active FROM status_sync.dealers
