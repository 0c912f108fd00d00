-- Schema d365_sync: the document queue (which is inbox and outbox too), its history, and what steers delivery.

CREATE TABLE d365_sync.leases (
    name text PRIMARY KEY,
    owner text NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

-- One submission on its way to D365. Kept for ever: what prevents doubles outlives every topic and backup.
CREATE TABLE d365_sync.documents (
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL CHECK (submission_no >= 1),
    submission_id uuid NOT NULL,
    dealer text COLLATE "C" NOT NULL,
    data_area_id text COLLATE "C" NOT NULL,
    customer_account text NOT NULL,
    -- What the dealer wrote, perhaps edited for a replay; null once emptied (docs/design.md#what-is-kept-and-for-how-long).
    content jsonb,
    created_by text NOT NULL,
    submitted_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    traceparent text,

    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'delivering', 'verifying', 'deferred', 'delivered', 'failed', 'returned', 'discarded')),
    cause text,
    -- Cleaned, for dealers; `detail` is everything that D365 said, for operators.
    reason text,
    detail text,
    -- What the operator told when returning or discarding it.
    given_reason text,
    case_id text COLLATE "C",
    delivered_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- One event per change that a dealer can see.
    revision integer NOT NULL DEFAULT 1,
    published_revision integer NOT NULL DEFAULT 0,

    -- When it may be sent (pending, deferred); replays have rank 1.
    due_at timestamptz NOT NULL DEFAULT now(),
    rank smallint NOT NULL DEFAULT 0,
    -- When it is to be looked up in D365, whatever its state.
    verify_at timestamptz,
    -- No POST without a look-up right before it.
    read_back_first boolean NOT NULL,
    -- A POST whose outcome is not known may land until then.
    settles_at timestamptz,
    -- What follows once the look-up shows that it is not there: 'fail' or 'retry' (a rejection), else another POST.
    verdict text CHECK (verdict IN ('fail', 'retry')),
    -- Attempts in all; POSTs that count towards D365_MAX_ATTEMPTS; waits and look-ups in a row, for the back-off.
    attempts integer NOT NULL DEFAULT 0,
    posts integer NOT NULL DEFAULT 0,
    waits integer NOT NULL DEFAULT 0,
    retried boolean NOT NULL DEFAULT false,

    lease_token uuid,
    lease_kind text CHECK (lease_kind IN ('create', 'read_back')),
    lease_expires_at timestamptz,

    -- D365's own document queue is told of a failure, best effort.
    failure_log_at timestamptz,
    failure_log_tries smallint NOT NULL DEFAULT 0,

    PRIMARY KEY (web_case_id, submission_no),
    CHECK ((lease_token IS NULL) = (lease_kind IS NULL) AND (lease_token IS NULL) = (lease_expires_at IS NULL)),
    CHECK (state <> 'delivered' OR case_id IS NOT NULL)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX documents_to_deliver ON d365_sync.documents (dealer, rank, submitted_at, web_case_id, submission_no)
    WHERE state IN ('pending', 'deferred');
CREATE INDEX documents_to_verify ON d365_sync.documents (verify_at) WHERE verify_at IS NOT NULL;
CREATE INDEX documents_leased ON d365_sync.documents (lease_expires_at) WHERE lease_token IS NOT NULL;
CREATE INDEX documents_to_publish ON d365_sync.documents (changed_at) WHERE revision > published_revision;
CREATE INDEX documents_to_log ON d365_sync.documents (failure_log_at) WHERE failure_log_at IS NOT NULL;
CREATE INDEX documents_open ON d365_sync.documents (state, submitted_at)
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred', 'failed');
CREATE INDEX documents_by_state ON d365_sync.documents (state, created_at, web_case_id, submission_no);
CREATE INDEX documents_by_case_id ON d365_sync.documents (data_area_id, case_id) WHERE case_id IS NOT NULL;
-- Cases known to be in D365: the positive control.
CREATE INDEX documents_delivered ON d365_sync.documents (data_area_id, delivered_at DESC) WHERE state = 'delivered';

-- Each try; written before the call (the intent), completed after it.
CREATE TABLE d365_sync.attempts (
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    attempt_no integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('create', 'read_back')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('delivered', 'rejected', 'unknown', 'deferred')),
    -- Of a look-up: found, other_content, found_twice, absent, unsure.
    finding text,
    why text,
    status smallint,
    request text,
    answer text,
    duration_seconds double precision,
    PRIMARY KEY (web_case_id, submission_no, attempt_no),
    FOREIGN KEY (web_case_id, submission_no) REFERENCES d365_sync.documents
);

-- Who did what and why; fields are named, values are not.
CREATE TABLE d365_sync.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    web_case_id text COLLATE "C",
    submission_no integer,
    reason text,
    fields text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_of_document ON d365_sync.audit (web_case_id, submission_no, id);

-- Records that no service could read, of all three services.
CREATE TABLE d365_sync.unreadable_records (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    consumer_group text NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL,
    cause text NOT NULL,
    recorded_at timestamptz NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, partition, record_offset, consumer_group)
);

-- One row: what steers the dispatcher and must survive it.
CREATE TABLE d365_sync.delivery_control (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half_open')),
    breaker_since timestamptz NOT NULL DEFAULT now(),
    breaker_reason text,
    paused boolean NOT NULL DEFAULT false,
    paused_by text,
    paused_reason text,
    paused_at timestamptz,
    concurrency integer NOT NULL DEFAULT 0,
    -- The D365 environment that this database belongs to; null until the first start.
    d365_url text,
    -- The environment that a dispatcher was started against and refuses, until it is adopted.
    refused_url text,
    restored_at timestamptz
);
INSERT INTO d365_sync.delivery_control DEFAULT VALUES;

GRANT USAGE ON SCHEMA d365_sync TO d365_sync, case_api, status_sync;
GRANT SELECT, INSERT, UPDATE ON d365_sync.leases TO d365_sync;
GRANT SELECT, INSERT, UPDATE ON d365_sync.documents, d365_sync.attempts TO d365_sync;
GRANT SELECT, INSERT ON d365_sync.audit, d365_sync.unreadable_records TO d365_sync;
GRANT SELECT, UPDATE ON d365_sync.delivery_control TO d365_sync;
GRANT INSERT ON d365_sync.unreadable_records TO case_api, status_sync;
-- ON CONFLICT must be able to look at the key that it compares.
GRANT SELECT (topic, partition, record_offset, consumer_group) ON d365_sync.unreadable_records TO case_api, status_sync;
