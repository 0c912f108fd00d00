-- Allows one writer of D365's side of the read model at a time, until the transaction ends: a delivery and a read cannot both
-- find that a Case ID is free. Returns the time once it has the lock.
SELECT clock_timestamp() FROM pg_advisory_xact_lock(hashtextextended('status_sync: D365''s side of case_api.cases', 0))
