-- Returns the case that an Idempotency-Key has added before, as it was then. No row: nothing, or the key identifies something else.
-- $1 dealer, $2 subject, $3 key, $4 issuer
-- Keys from before issuers were stored have none.
SELECT request_hash, answer FROM idempotency_keys WHERE dealer = $1 AND subject = $2 AND key = $3 AND issuer IN ($4::text, '')
ORDER BY issuer DESC LIMIT 1
