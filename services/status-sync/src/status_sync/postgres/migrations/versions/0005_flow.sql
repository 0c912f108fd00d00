-- The operators' picture of the flow (d365-sync, GET /v1/flow): how many reads are due and since when, never of what.
GRANT SELECT (due_at, misses) ON status_sync.due_reads TO d365_sync;
GRANT SELECT (name, done_at) ON status_sync.sync_state TO d365_sync;
GRANT SELECT (created_at) ON status_sync.outbox TO d365_sync;
