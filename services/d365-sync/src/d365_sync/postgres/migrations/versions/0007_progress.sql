-- How the loops and steps of all three services have fared (case_shared/database/progress.py): so that one that stands still is
-- seen, be its service dead or alive.
CREATE TABLE d365_sync.progress (
    service text NOT NULL,
    name text NOT NULL,
    -- A replica's name where each runs it; empty where one leader does.
    instance text NOT NULL,
    step boolean NOT NULL,
    within_seconds float8 NOT NULL,
    expected_since timestamptz NOT NULL DEFAULT now(),
    succeeded_at timestamptz,
    tried_at timestamptz,
    -- Why the last try failed; null where it succeeded.
    error text,
    told_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, name, instance)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON d365_sync.progress TO d365_sync, case_api, status_sync;
