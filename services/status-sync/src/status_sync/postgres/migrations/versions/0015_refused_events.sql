-- What Kafka refuses for its data is tried again at `retry_at`, as in case_api.outbox; events of the same key wait behind it.
ALTER TABLE status_sync.outbox
    ADD COLUMN refusals integer NOT NULL DEFAULT 0,
    ADD COLUMN refused_at timestamptz,
    ADD COLUMN refusal text,
    ADD COLUMN retry_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX outbox_refused ON status_sync.outbox (key) WHERE refusals > 0;
GRANT SELECT (refusals, refused_at, refusal) ON status_sync.outbox TO d365_sync;
