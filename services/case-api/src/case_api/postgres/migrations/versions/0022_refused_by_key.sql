-- Records that Kafka refuses, few or none: those of the same key wait behind them, so each read of the outbox asks for them.
CREATE INDEX IF NOT EXISTS outbox_refused ON case_api.outbox (web_case_id) WHERE refusals > 0;
