-- The time at which a read of D365 begins, by the clock that all of them share.
SELECT clock_timestamp()
