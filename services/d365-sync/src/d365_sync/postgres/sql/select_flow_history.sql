-- The last sixty minutes: what entered each stage, and the results; the current minute is the last.
-- Attempts count in the minute in which they began; `told` counts what case-api knows as delivered, by the time of
-- delivery. The bound is written out each time, so that the planner knows how few rows match, and uses the indexes.
WITH submitted AS (
    SELECT date_trunc('minute', submitted_at) AS minute, count(*)::int AS submitted
    FROM case_api.submissions WHERE submitted_at >= date_trunc('minute', now()) - interval '59 minutes' GROUP BY 1
), taken_in AS (
    SELECT date_trunc('minute', d.created_at) AS minute, count(*)::int AS taken_in
    FROM unnest('{pending,delivering,verifying,deferred,delivered,failed,returned,discarded}'::text[]) AS known (state)
    CROSS JOIN LATERAL (
        SELECT created_at FROM documents WHERE documents.state = known.state AND created_at >= date_trunc('minute', now()) - interval '59 minutes'
    ) AS d
    GROUP BY 1
), tries AS (
    SELECT
        date_trunc('minute', started_at) AS minute,
        count(*) FILTER (WHERE kind = 'create')::int AS posts,
        count(*) FILTER (WHERE kind = 'read_back')::int AS look_ups,
        count(*) FILTER (WHERE outcome = 'delivered')::int AS delivered,
        count(*) FILTER (WHERE outcome = 'rejected')::int AS rejected,
        count(*) FILTER (WHERE outcome = 'unknown')::int AS unknown,
        count(*) FILTER (WHERE outcome = 'deferred')::int AS deferred,
        avg(duration_seconds) FILTER (WHERE kind = 'create') AS post_seconds
    FROM attempts WHERE started_at >= date_trunc('minute', now()) - interval '59 minutes' GROUP BY 1
), failed AS (
    SELECT date_trunc('minute', changed_at) AS minute, count(*)::int AS failed
    FROM documents WHERE state = 'failed' AND changed_at >= date_trunc('minute', now()) - interval '59 minutes' GROUP BY 1
), unreadable AS (
    SELECT date_trunc('minute', kept_at) AS minute, count(*)::int AS unreadable
    FROM unreadable_records WHERE kept_at >= date_trunc('minute', now()) - interval '59 minutes' GROUP BY 1
), published AS (
    SELECT date_trunc('minute', state_at) AS minute, count(*)::int AS told
    FROM case_api.submission_states
    WHERE emptied_at IS NULL AND state IN ('delivered', 'returned', 'discarded') AND state = 'delivered'
        AND state_at >= date_trunc('minute', now()) - interval '59 minutes'
    GROUP BY 1
)
SELECT
    minute, coalesce(submitted, 0) AS submitted, coalesce(taken_in, 0) AS taken_in, coalesce(posts, 0) AS posts,
    coalesce(look_ups, 0) AS look_ups, coalesce(delivered, 0) AS delivered, coalesce(rejected, 0) AS rejected,
    coalesce(unknown, 0) AS unknown, coalesce(deferred, 0) AS deferred, post_seconds, coalesce(failed, 0) AS failed,
    coalesce(unreadable, 0) AS unreadable, coalesce(told, 0) AS told
FROM generate_series(date_trunc('minute', now()) - interval '59 minutes', date_trunc('minute', now()), interval '1 minute') AS minutes (minute)
LEFT JOIN submitted USING (minute) LEFT JOIN taken_in USING (minute) LEFT JOIN tries USING (minute) LEFT JOIN failed USING (minute)
LEFT JOIN unreadable USING (minute) LEFT JOIN published USING (minute)
ORDER BY minute
