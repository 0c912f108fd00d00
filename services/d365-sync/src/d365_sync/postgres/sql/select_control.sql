-- What steers delivery.
SELECT
    breaker, breaker_since, breaker_reason, paused, paused_by, paused_reason, paused_at, concurrency, d365_url, refused_url, restored_at,
    EXISTS (SELECT FROM delivery_windows WHERE begins_at <= now() AND ends_at > now()) AS in_window
FROM delivery_control
