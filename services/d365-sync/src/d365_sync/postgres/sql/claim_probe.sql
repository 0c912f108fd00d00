-- Claims the one probe of a half-open interval, however many processes ask: a row for the one that may send it.
-- $1 interval in seconds float
UPDATE delivery_control SET breaker_probe_at = clock_timestamp() + make_interval(secs => $1::float8)
WHERE breaker_probe_at IS NULL OR breaker_probe_at <= clock_timestamp()
RETURNING true
