-- Every dealer ever seen. Nothing is locked: of two syncs at once that give the same slug, one fails and is tried again.
SELECT dealer, data_area_id, customer_account, active FROM dealers
