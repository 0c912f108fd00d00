-- Binds a new database to the D365 environment; notes a refused one. The row shows which environment it belongs to.
-- $1 D365_URL text
UPDATE delivery_control SET
    refused_url = CASE WHEN coalesce(d365_url, $1::text) = $1::text THEN NULL ELSE $1::text END,
    d365_url = coalesce(d365_url, $1::text)
RETURNING d365_url
