-- The trace that began with a dealer's click ends with what D365 first shows of the case, which status-sync reads.
GRANT SELECT (traceparent) ON case_api.submissions TO status_sync;
