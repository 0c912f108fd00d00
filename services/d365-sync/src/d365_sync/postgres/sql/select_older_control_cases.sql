-- Older known cases of a legal entity, fewer the older they are: a restore of D365 may have removed the newest.
-- By number, by age, and the first ones: 34 at most, whatever the size of the table.
-- $1 data_area_id text
SELECT DISTINCT case_id FROM (
    SELECT found.case_id FROM unnest(ARRAY[3, 10, 30, 100, 300, 1000]) AS behind (newer)
    CROSS JOIN LATERAL (
        SELECT case_id FROM documents WHERE state = 'delivered' AND data_area_id = $1::text COLLATE "C"
        ORDER BY delivered_at DESC OFFSET behind.newer LIMIT 2
    ) AS found
    UNION ALL
    SELECT found.case_id FROM unnest(ARRAY[1, 6, 24, 72, 168, 720, 2160, 8760]) AS behind (hours)
    CROSS JOIN LATERAL (
        SELECT case_id FROM documents
        WHERE state = 'delivered' AND data_area_id = $1::text COLLATE "C" AND delivered_at < now() - make_interval(hours => behind.hours)
        ORDER BY delivered_at DESC LIMIT 2
    ) AS found
    UNION ALL
    (
        SELECT case_id FROM documents WHERE state = 'delivered' AND data_area_id = $1::text COLLATE "C"
        ORDER BY delivered_at LIMIT 6
    )
) AS older
