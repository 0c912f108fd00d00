-- Returns the time at which a read of D365 begins, by the clock that all replicas share.
SELECT clock_timestamp()
