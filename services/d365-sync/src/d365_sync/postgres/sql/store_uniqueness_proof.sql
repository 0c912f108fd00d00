-- Stores the proof that D365 refuses a second case with the same Web Case ID.
-- $1 environment text, $2 entity set text, $3 field text, $4 Case ID text
INSERT INTO uniqueness_proofs (environment, entity_set, field, case_id) VALUES ($1::text, $2::text, $3::text, $4::text)
ON CONFLICT (environment, entity_set, field) DO UPDATE SET case_id = excluded.case_id, proven_at = now()
