-- Locks a case of D365 until the transaction's end: of two links to it at once, the second sees the first. A statement of its own, so that
-- what follows sees what was committed before.
-- $1 data_area_id text, $2 case_id text
SELECT pg_advisory_xact_lock(hashtextextended('link ' || $1::text || ' ' || lower($2::text), 0))
