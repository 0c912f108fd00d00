-- D365 compares keys without case: a record may have its customer's account in another one than the customer itself.
CREATE INDEX dealers_by_account ON dealers (data_area_id, lower(customer_account));
