-- Deletes Idempotency-Keys that were used long ago; returns how many.
-- $1 seconds since their use float; 500 rows at most, a constant so that the plan expects few
WITH due AS MATERIALIZED (
    SELECT dealer, subject, key, issuer FROM idempotency_keys
    WHERE created_at < now() - make_interval(secs => $1::double precision)
    ORDER BY created_at
    LIMIT 500
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM idempotency_keys k USING due
    WHERE k.dealer = due.dealer AND k.subject = due.subject AND k.key = due.key AND k.issuer = due.issuer
)
SELECT count(*) FROM due
