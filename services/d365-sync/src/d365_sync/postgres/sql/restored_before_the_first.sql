-- Whether an operator has reported a restore of D365 to a time before the first known case of a legal entity, by clocks that may differ
-- by ten minutes (order_d365_restore).
-- $1 data_area_id text
SELECT EXISTS (
    SELECT FROM d365_restores AS r
    WHERE NOT r.dry_run AND NOT EXISTS (
        SELECT FROM documents AS d
        WHERE d.state = 'delivered' AND d.data_area_id = $1::text COLLATE "C" AND (d.delivered_at < r.since - interval '10 minutes' OR d.delivered_at > r.ordered_at)
    )
)
