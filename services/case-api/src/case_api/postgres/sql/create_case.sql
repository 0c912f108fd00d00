-- Adds a draft, once for each Idempotency-Key. Returns no row if another request with this key is under way.
-- `created` says whether it was added now; if not, `answer` is the case as it was added then, by the request hashed in `request_hash`.
-- A key stored by a request that ended between this statement's snapshot and its lock violates idempotency_keys_pkey: run it again.
-- $1 web_case_id, $2 dealer, $3 data_area_id, $4 customer_account, $5 category, $6 category_type, $7 priority, $8 description,
-- $9 contact_name, $10 contact_email, $11 contact_phone, $12 notes, $13 created_by text[] (name, subject, issuer), $14 subject, $15 key or null, $16 request_hash bytea, $17 issuer
WITH lock AS MATERIALIZED (
    SELECT $15::text IS NULL
        OR pg_try_advisory_xact_lock(hashtextextended(concat_ws(chr(31), $2::text, $14::text, $15::text), 0)) AS held
), kept AS MATERIALIZED (
    SELECT request_hash, answer FROM idempotency_keys
    -- Keys from before issuers were stored have none.
    WHERE dealer = $2 AND subject = $14 AND key = $15 AND issuer IN ($17::text, '')
    ORDER BY issuer DESC LIMIT 1
), created AS (
    INSERT INTO cases (
        web_case_id, dealer, data_area_id, customer_account, origin, phase, category, category_type, priority,
        description, contact_name, contact_email, contact_phone, notes, created_by,
        created_by_subject, created_by_issuer
    )
    SELECT $1, $2, $3, $4, 'portal', 'draft', $5, $6, $7, $8, $9, $10, $11, $12, ($13::text[])[1],
        ($13::text[])[2], ($13::text[])[3]
    FROM lock WHERE held AND NOT EXISTS (SELECT FROM kept)
    RETURNING *
), answered AS (
    INSERT INTO idempotency_keys (dealer, subject, key, request_hash, issuer, answer)
    SELECT $2, $14, $15, $16, $17::text, to_jsonb(created) FROM created WHERE $15::text IS NOT NULL
)
SELECT true AS created, $16::bytea AS request_hash, to_jsonb(created) AS answer FROM created
UNION ALL
SELECT false, request_hash, answer FROM kept CROSS JOIN lock WHERE held
