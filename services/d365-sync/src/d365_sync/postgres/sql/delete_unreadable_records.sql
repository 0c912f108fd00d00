-- Deletes unreadable records that have been kept long enough; returns how many.
-- $1 seconds for which they are kept float; 500 rows at most, a constant so that the planner expects few
WITH due AS MATERIALIZED (
    SELECT id FROM unreadable_records
    WHERE kept_at < now() - make_interval(secs => $1::float8)
    ORDER BY kept_at
    LIMIT 500
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM unreadable_records AS u USING due WHERE u.id = due.id
)
SELECT count(*) FROM due
