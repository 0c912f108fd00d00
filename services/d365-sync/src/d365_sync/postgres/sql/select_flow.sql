-- The pipeline now, stage by stage: how much is there, since when, and what goes wrong. Ages are in seconds.
SELECT
    now() AS as_of, unsent.*, in_kafka.*, queued.*, unreadable.*, unpublished.*, due.*, outbox.*
FROM (
    SELECT count(*)::int AS unsent, extract(epoch FROM now() - min(created_at))::float8 AS unsent_age,
        count(*) FILTER (WHERE refusals > 0)::int AS refused
    FROM case_api.outbox
) AS unsent
CROSS JOIN (
    -- Sent, but not in the document queue yet.
    SELECT count(*)::int AS in_kafka, extract(epoch FROM now() - min(s.sent_at))::float8 AS in_kafka_age
    FROM case_api.submission_states AS s
    LEFT JOIN LATERAL (
        -- By key, one by one: only a few have no news yet.
        SELECT true AS held FROM documents AS d WHERE d.web_case_id = s.web_case_id AND d.submission_no = s.submission_no LIMIT 1
    ) AS d ON true
    WHERE s.state IN ('pending', 'delivering', 'verifying', 'deferred') AND s.sent_at IS NOT NULL AND s.heard_at IS NULL AND d.held IS NULL
) AS in_kafka
CROSS JOIN (
    SELECT
        count(*) FILTER (WHERE state IN ('pending', 'deferred'))::int AS queued,
        extract(epoch FROM now() - min(submitted_at) FILTER (WHERE state IN ('pending', 'deferred')))::float8 AS queued_age,
        count(*) FILTER (WHERE state IN ('delivering', 'verifying'))::int AS at_d365,
        extract(epoch FROM now() - min(submitted_at) FILTER (WHERE state IN ('delivering', 'verifying')))::float8 AS at_d365_age,
        count(*) FILTER (WHERE state = 'failed' AND changed_at > now() - interval '1 hour')::int AS failed_lately
    FROM documents WHERE state IN ('pending', 'delivering', 'verifying', 'deferred', 'failed')
) AS queued
CROSS JOIN (
    SELECT count(*) FILTER (WHERE kept_at > now() - interval '1 hour')::int AS unreadable_lately
    FROM unreadable_records WHERE seen_at IS NULL
) AS unreadable
CROSS JOIN (
    -- Changes that a dealer can see and Kafka does not have yet.
    SELECT count(*)::int AS unpublished, extract(epoch FROM now() - min(changed_at))::float8 AS unpublished_age
    FROM documents WHERE revision > published_revision
) AS unpublished
CROSS JOIN (
    SELECT count(*)::int AS due, extract(epoch FROM now() - min(due_at))::float8 AS due_age, count(*) FILTER (WHERE misses > 0)::int AS missed
    FROM status_sync.due_reads WHERE due_at <= now()
) AS due
CROSS JOIN (
    SELECT count(*)::int AS status_unsent, extract(epoch FROM now() - min(created_at))::float8 AS status_unsent_age FROM status_sync.outbox
) AS outbox
