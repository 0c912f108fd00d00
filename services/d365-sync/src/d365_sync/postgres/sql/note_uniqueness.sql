-- Notes since when the Web Case ID counts as unique without a proof; null if that is proven, or if the mapping does not
-- claim it.
-- $1 environment text, $2 entity set text, $3 field text, $4 whether the mapping says that it is unique boolean
UPDATE delivery_control SET uniqueness_unproven_since = CASE
    WHEN $4::boolean AND NOT EXISTS (
        SELECT FROM uniqueness_proofs WHERE environment = $1::text AND entity_set = $2::text AND field = $3::text
    ) THEN coalesce(uniqueness_unproven_since, now())
END
RETURNING uniqueness_unproven_since
