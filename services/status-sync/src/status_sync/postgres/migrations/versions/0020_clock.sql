-- `make_up`: when deliveries that were not noted were last made up for.
-- `clock`: PostgreSQL's time as the leader last saw it; if it is ahead of the present time, it is another server's (a failover).
ALTER TABLE status_sync.sync_state
    DROP CONSTRAINT sync_state_name_check,
    ADD CONSTRAINT sync_state_name_check CHECK (name IN ('poll', 'sweep', 'hidden', 'restore', 'controls', 'statuses', 'clock', 'make_up'));
