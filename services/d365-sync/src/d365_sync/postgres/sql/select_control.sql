-- What steers delivery.
SELECT
    breaker, breaker_since, breaker_reason, paused, paused_by, paused_by_subject, paused_by_issuer, paused_reason, paused_at, concurrency, d365_url, refused_url, restored_at,
    (SELECT min(begins_at) FROM delivery_windows WHERE begins_at <= now() AND ends_at > now()) AS window_since
FROM delivery_control
