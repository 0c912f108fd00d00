-- Makes the registry match what D365 has now; a dealer that is gone there stays, but is not active.
-- D365 compares accounts without case, so one that comes back in other letters is the same dealer.
-- Does not write rows that say nothing new: there may be many, and the poll comes every minute.
-- Returns how many became active, and the active dealers that the list lacks.
-- $1 run uuid; $2 text[]: the dealers that may become inactive, null: all
WITH given AS MATERIALIZED (
    SELECT DISTINCT ON (data_area_id, lower(key)) data_area_id, key AS customer_account, text AS name
    FROM incoming WHERE run = $1::uuid
    ORDER BY data_area_id, lower(key), key
), there AS MATERIALIZED (
    SELECT DISTINCT ON (g.data_area_id, lower(g.customer_account)) d.dealer, d.active, g.name
    FROM given AS g
    JOIN dealers AS d ON d.data_area_id = g.data_area_id AND lower(d.customer_account) = lower(g.customer_account)
    ORDER BY g.data_area_id, lower(g.customer_account), d.customer_account = g.customer_account DESC, d.dealer
), missing AS MATERIALIZED (
    SELECT d.dealer FROM dealers AS d
    WHERE d.active AND NOT EXISTS (SELECT FROM there AS t WHERE t.dealer = d.dealer)
), gone AS (
    UPDATE dealers AS d SET active = false
    FROM missing AS m
    WHERE m.dealer = d.dealer AND ($2::text[] IS NULL OR m.dealer = ANY ($2))
), followed AS (
    UPDATE dealers AS d SET name = t.name, active = true, seen_at = clock_timestamp()
    FROM there AS t
    WHERE t.dealer = d.dealer
        AND (NOT d.active OR d.name IS DISTINCT FROM t.name OR d.seen_at < clock_timestamp() - interval '1 hour')
    RETURNING NOT t.active AS appeared
)
SELECT
    (SELECT count(*) FILTER (WHERE appeared)::int FROM followed) AS appeared,
    ARRAY(SELECT dealer FROM missing) AS missing
