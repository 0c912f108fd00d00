-- Counts events by what they are about. A flood of odd subjects does not become a flood of rows: beyond 50 of a kind only existing ones
-- are counted, except legal entities with dealers, whose number is limited anyway.
-- $1 kind text[], $2 subject text[] (sorted: locks are taken in one order), $3 count int[]
INSERT INTO event_notes AS n (kind, subject, first_at, last_at, events)
SELECT e.kind, e.subject, clock_timestamp(), clock_timestamp(), e.events
FROM (
    SELECT kind, left(subject, 200) AS subject, sum(events) AS events, row_number() OVER (PARTITION BY kind ORDER BY left(subject, 200)) AS place
    FROM unnest($1::text[], $2::text[], $3::int[]) AS counted (kind, subject, events)
    GROUP BY kind, left(subject, 200)
) AS e
WHERE
    e.kind = 'status'
    OR EXISTS (SELECT FROM event_notes AS k WHERE k.kind = e.kind AND k.subject = e.subject COLLATE "C")
    OR e.place + (SELECT count(*) FROM event_notes AS k WHERE k.kind = e.kind) <= 50
ORDER BY e.kind, e.subject
ON CONFLICT (kind, subject) DO UPDATE SET last_at = excluded.last_at, events = n.events + excluded.events
