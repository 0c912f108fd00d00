-- Which of D365's statuses the cases have that the mapping does not know, as last counted (`statuses`: when); for the metrics of each replica.
CREATE TABLE status_sync.unknown_statuses (
    d365_status text COLLATE "C" PRIMARY KEY,
    cases bigint NOT NULL,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON status_sync.unknown_statuses TO status_sync;
GRANT SELECT ON status_sync.unknown_statuses TO d365_sync;
ALTER TABLE status_sync.sync_state
    DROP CONSTRAINT sync_state_name_check,
    ADD CONSTRAINT sync_state_name_check CHECK (name IN ('poll', 'sweep', 'hidden', 'restore', 'controls', 'statuses'));
