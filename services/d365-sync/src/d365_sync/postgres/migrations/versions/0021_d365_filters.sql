-- What is learned of the filters that an environment of D365 takes; d365-sync and status-sync both learn.
CREATE TABLE d365_sync.d365_filters (
    environment text COLLATE "C" PRIMARY KEY,
    or_terms integer NOT NULL CHECK (or_terms BETWEEN 1 AND 1000),
    learned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE ON d365_sync.d365_filters TO d365_sync, status_sync;
