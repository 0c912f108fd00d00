-- status-sync's own tables; keys are compared by bytes, as in case_api.cases, so that joins find their indexes.
-- The read model that it writes is case-api's (case_api.cases), whose migrations come first.
CREATE TABLE leases (
    name text PRIMARY KEY,
    owner text NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

-- The registry of dealers: D365's customers that pass the mapping's filter. A slug never changes, a row never goes.
CREATE TABLE dealers (
    dealer text COLLATE "C" PRIMARY KEY CHECK (dealer ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
    data_area_id text COLLATE "C" NOT NULL CHECK (data_area_id = lower(data_area_id)),
    customer_account text COLLATE "C" NOT NULL,
    name text,
    active boolean NOT NULL DEFAULT true,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (data_area_id, customer_account)
);

CREATE TABLE categories (
    data_area_id text COLLATE "C" NOT NULL CHECK (data_area_id = lower(data_area_id)),
    category_type text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    description text,
    PRIMARY KEY (data_area_id, category_type, category)
);

CREATE TABLE priorities (
    data_area_id text COLLATE "C" NOT NULL CHECK (data_area_id = lower(data_area_id)),
    priority text COLLATE "C" NOT NULL,
    description text,
    PRIMARY KEY (data_area_id, priority)
);

-- What is due for a read of D365. A doorbell gives a row a new version; a read deletes the version that it began with.
CREATE SEQUENCE due_read_versions;
CREATE TABLE due_reads (
    data_area_id text COLLATE "C" NOT NULL CHECK (data_area_id = lower(data_area_id)),
    key_kind text NOT NULL CHECK (key_kind IN ('web_case_id', 'case_id')),
    key text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT nextval('due_read_versions'),
    misses integer NOT NULL DEFAULT 0,
    PRIMARY KEY (data_area_id, key_kind, key)
);
CREATE INDEX due_reads_by_due_at ON due_reads (due_at);

-- Where the reconciliation stands: rows `poll` (modified_at: D365's time of the newest case applied) and `sweep`.
CREATE TABLE sync_state (
    name text PRIMARY KEY CHECK (name IN ('poll', 'sweep')),
    done_at timestamptz,
    modified_at timestamptz
);

-- Events of a change, written in the change's own transaction; deleted once Kafka has them.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    headers jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

GRANT USAGE ON SCHEMA status_sync TO status_sync, case_api, d365_sync;
GRANT SELECT ON dealers, categories, priorities TO case_api, d365_sync;
GRANT SELECT, INSERT, UPDATE, DELETE ON leases, dealers, categories, priorities, due_reads, sync_state, outbox TO status_sync;
GRANT USAGE ON SEQUENCE due_read_versions TO status_sync;
