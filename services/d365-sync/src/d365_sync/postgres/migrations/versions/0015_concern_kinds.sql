-- The concern that the last failure is in the flow, where it has a name of its own: a consumer that lags, partitions without an owner.
ALTER TABLE d365_sync.progress ADD COLUMN kind text;
