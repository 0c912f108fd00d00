-- Maintenance windows: current and future ones, soonest first, then past ones, newest first.
-- $1 past ones too boolean, $2 how many int
SELECT window_id, state, begins_at, ends_at, reason, created_by, created_by_subject, created_by_issuer, created_at, ended_by, ended_by_subject,
    ended_by_issuer, ended_reason
FROM (
    SELECT *, CASE
        WHEN ends_at <= begins_at THEN 'called_off'
        WHEN ends_at <= now() THEN 'over'
        WHEN begins_at <= now() THEN 'under_way'
        ELSE 'to_come'
    END AS state
    FROM delivery_windows
    WHERE $1::boolean OR ends_at > now()
) AS planned
WHERE $1::boolean OR state IN ('under_way', 'to_come')
ORDER BY state IN ('over', 'called_off'), CASE WHEN state IN ('under_way', 'to_come') THEN begins_at END, begins_at DESC, window_id
LIMIT $2::int
