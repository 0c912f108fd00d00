-- The operators' picture of the flow (d365-sync, GET /v1/flow): how much waits to be sent and since when, never what.
GRANT SELECT (created_at, refusals) ON case_api.outbox TO d365_sync;
-- The last hour's submissions, by the minute.
CREATE INDEX submissions_by_time ON case_api.submissions (submitted_at);
