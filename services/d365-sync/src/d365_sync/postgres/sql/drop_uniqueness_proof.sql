-- Forgets a proof that a later check has shown to be wrong.
-- $1 environment text, $2 entity set text, $3 field text
DELETE FROM uniqueness_proofs WHERE environment = $1::text AND entity_set = $2::text AND field = $3::text
