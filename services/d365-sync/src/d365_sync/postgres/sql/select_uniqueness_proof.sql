-- The proof that D365 refuses a second case with the same Web Case ID.
-- $1 environment text, $2 entity set text, $3 field text
SELECT case_id, proven_at FROM uniqueness_proofs
WHERE environment = $1::text AND entity_set = $2::text AND field = $3::text
