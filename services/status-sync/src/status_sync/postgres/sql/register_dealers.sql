-- Gives customers their slugs. They become active when the names of all are taken over.
-- $1 dealer text[], $2 data_area_id text[], $3 customer_account text[]
INSERT INTO dealers (dealer, data_area_id, customer_account, active)
SELECT r.*, false FROM unnest($1::text[], $2::text[], $3::text[]) AS r
