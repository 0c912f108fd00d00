-- Unlogged: what a crash takes away, the next comparison reads again.
CREATE UNLOGGED TABLE d365_sync.found_cases (
    comparison uuid NOT NULL,
    web_case_id text COLLATE "C" NOT NULL,
    data_area_id text COLLATE "C" NOT NULL,
    case_id text COLLATE "C" NOT NULL,
    customer_account text COLLATE "C",
    submission_id uuid,
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX found_cases_in_order ON d365_sync.found_cases (comparison, web_case_id);
GRANT SELECT, INSERT, DELETE ON d365_sync.found_cases TO d365_sync;
