-- Makes the registry what D365 has now; a dealer that is not there any more stays, and is not active.
-- A row that says nothing new is left alone: there may be many, and the poll comes every minute.
-- $1 dealer text[], $2 data_area_id text[], $3 customer_account text[], $4 name text[]
WITH stored AS (
    INSERT INTO dealers AS d (dealer, data_area_id, customer_account, name)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    ON CONFLICT (dealer) DO UPDATE SET name = excluded.name, active = true, seen_at = clock_timestamp()
    WHERE NOT d.active OR d.name IS DISTINCT FROM excluded.name OR d.seen_at < clock_timestamp() - interval '1 hour'
)
UPDATE dealers SET active = false WHERE active AND dealer <> ALL ($1::text[])
