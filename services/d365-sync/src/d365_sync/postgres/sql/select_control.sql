-- What steers delivery.
SELECT breaker, breaker_since, breaker_reason, paused, paused_by, paused_reason, paused_at, concurrency, d365_url, refused_url, restored_at
FROM delivery_control
