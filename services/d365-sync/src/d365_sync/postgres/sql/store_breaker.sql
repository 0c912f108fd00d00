-- Stores the breaker and how many calls D365 bears, so that they survive and every replica can show them.
-- $1 state text, $2 since timestamptz, $3 reason text, $4 concurrency int
UPDATE delivery_control SET breaker = $1::text, breaker_since = coalesce($2::timestamptz, breaker_since), breaker_reason = $3::text, concurrency = $4::int
