-- Cases, submissions and the outbox. Other services' rights are column grants: each writes its own columns alone.

GRANT USAGE ON SCHEMA case_api TO case_api, d365_sync, status_sync;

-- The read model: one row a case. case-api writes what the dealer writes, status-sync what D365 says
-- (docs/design.md#which-status-does-a-dealer-see).
CREATE TABLE case_api.cases (
    web_case_id text COLLATE "C" PRIMARY KEY,
    dealer text COLLATE "C" NOT NULL,
    data_area_id text COLLATE "C" NOT NULL,
    customer_account text NOT NULL,
    origin text NOT NULL CHECK (origin IN ('portal', 'd365')),
    phase text NOT NULL CHECK (phase IN ('draft', 'submitted')),
    category text,
    category_type text,
    priority text,
    description text,
    contact_name text,
    contact_email text,
    contact_phone text,
    notes text,
    created_by text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    submitted_at timestamptz,
    submission_no integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    submitted_version integer,
    -- status-sync's columns
    case_id text COLLATE "C",
    d365_status text,
    d365_status_mapped text CHECK (d365_status_mapped IN ('submitted', 'in_process', 'open', 'closed', 'canceled')),
    status_as_of timestamptz,
    d365_category text,
    d365_category_type text,
    d365_priority text,
    d365_description text,
    d365_modified_at timestamptz,
    read_began_at timestamptz,
    status text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN phase = 'draft' THEN 'draft' ELSE coalesce(d365_status_mapped, 'submitted') END
    ) STORED,
    CHECK (origin = 'portal' OR (phase = 'submitted' AND case_id IS NOT NULL AND created_by IS NULL AND notes IS NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX cases_case_id ON case_api.cases (data_area_id, case_id) WHERE case_id IS NOT NULL;
CREATE INDEX cases_newest ON case_api.cases (dealer, created_at DESC, web_case_id DESC);

GRANT SELECT, DELETE ON case_api.cases TO case_api;
GRANT INSERT (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, category, category_type, priority, description,
    contact_name, contact_email, contact_phone, notes, created_by
) ON case_api.cases TO case_api;
GRANT UPDATE (
    phase, category, category_type, priority, description, contact_name, contact_email, contact_phone, notes, updated_at,
    submitted_at, submission_no, version, submitted_version
) ON case_api.cases TO case_api;
GRANT SELECT ON case_api.cases TO status_sync;
GRANT INSERT (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, created_at, updated_at, submitted_at, case_id,
    d365_status, d365_status_mapped, status_as_of, d365_category, d365_category_type, d365_priority, d365_description,
    d365_modified_at, read_began_at
) ON case_api.cases TO status_sync;
GRANT UPDATE (
    case_id, d365_status, d365_status_mapped, status_as_of, d365_category, d365_category_type, d365_priority,
    d365_description, d365_modified_at, read_began_at
) ON case_api.cases TO status_sync;
GRANT SELECT (web_case_id, dealer, data_area_id, origin, phase, submission_no, case_id, status)
    ON case_api.cases TO d365_sync;

-- A grant cannot look at values: status-sync adds cases born in D365 and no others, case-api the dealers' and no others.
CREATE FUNCTION case_api.refuse_foreign_origin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'role % may not insert cases of origin %', current_user, NEW.origin USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER cases_origin BEFORE INSERT ON case_api.cases FOR EACH ROW
WHEN ((current_user = 'status_sync' AND NEW.origin <> 'd365') OR (current_user = 'case_api' AND NEW.origin <> 'portal'))
EXECUTE FUNCTION case_api.refuse_foreign_origin();

-- status-sync's only way to delete: a row born in D365 that turned out to be a submitted case, before the two are merged.
CREATE FUNCTION case_api.delete_case_born_in_d365(born text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (DELETE FROM case_api.cases WHERE web_case_id = born AND origin = 'd365' RETURNING web_case_id)
    SELECT EXISTS (SELECT FROM gone)
$$;
REVOKE ALL ON FUNCTION case_api.delete_case_born_in_d365(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION case_api.delete_case_born_in_d365(text) TO status_sync;

-- What was submitted, for ever. Append-only by grants; the foreign key keeps a case that was ever submitted.
CREATE TABLE case_api.submissions (
    web_case_id text COLLATE "C" NOT NULL REFERENCES case_api.cases,
    submission_no integer NOT NULL CHECK (submission_no >= 1),
    submission_id uuid NOT NULL UNIQUE,
    dealer text COLLATE "C" NOT NULL,
    data_area_id text COLLATE "C" NOT NULL,
    customer_account text NOT NULL,
    content jsonb NOT NULL,
    created_by text NOT NULL,
    submitted_by text NOT NULL,
    submitted_at timestamptz NOT NULL,
    traceparent text,
    PRIMARY KEY (web_case_id, submission_no)
);
GRANT SELECT, INSERT ON case_api.submissions TO case_api;
GRANT SELECT ON case_api.submissions TO d365_sync;
GRANT SELECT (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, submitted_at)
    ON case_api.submissions TO status_sync;

-- How far each submission has come, as d365-sync told it.
CREATE TABLE case_api.submission_states (
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN (
        'pending', 'delivering', 'verifying', 'deferred', 'delivered', 'failed', 'returned', 'discarded'
    )),
    state_at timestamptz,
    case_id text,
    cause text,
    reason text,
    attempts jsonb NOT NULL DEFAULT '[]',
    delivered_at timestamptz,
    sent_at timestamptz,
    heard_at timestamptz,
    resends integer NOT NULL DEFAULT 0,
    resend_at timestamptz NOT NULL,
    PRIMARY KEY (web_case_id, submission_no)
) WITH (fillfactor = 70);
CREATE INDEX submission_states_resend ON case_api.submission_states (resend_at)
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred');
GRANT SELECT, INSERT, UPDATE ON case_api.submission_states TO case_api;
GRANT SELECT ON case_api.submission_states TO d365_sync;

-- Kafka records that wait to be sent, ready to go; the key is the Web Case ID. Deleted when acknowledged.
CREATE TABLE case_api.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    topic text NOT NULL,
    value bytea NOT NULL,
    headers jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    refusals integer NOT NULL DEFAULT 0,
    refused_at timestamptz,
    refusal text,
    retry_at timestamptz NOT NULL DEFAULT '-infinity',
    UNIQUE (web_case_id, submission_no)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
GRANT SELECT, INSERT, DELETE, UPDATE (refusals, refused_at, refusal, retry_at) ON case_api.outbox TO case_api;

-- The CloudEvent of a submission (case_shared.words.events.CaseSubmitted), the same whenever it is sent.
CREATE FUNCTION case_api.event_time(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
CREATE FUNCTION case_api.event_value(s case_api.submissions) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(jsonb_build_object(
        'web_case_id', s.web_case_id, 'submission_no', s.submission_no, 'submission_id', s.submission_id,
        'dealer', s.dealer, 'data_area_id', s.data_area_id, 'customer_account', s.customer_account,
        'content', s.content, 'created_by', s.created_by, 'submitted_at', case_api.event_time(s.submitted_at)
    )::text, 'UTF8')
$$;
CREATE FUNCTION case_api.event_headers(s case_api.submissions) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'ce_specversion', '1.0', 'ce_id', s.submission_id, 'ce_source', '/casebridge/case-api',
        'ce_type', 'case.submitted.v1', 'ce_time', case_api.event_time(s.submitted_at), 'ce_subject', s.web_case_id,
        'content-type', 'application/json', 'traceparent', s.traceparent
    ))
$$;

-- The answer to each Idempotency-Key: the new case as it was then.
CREATE TABLE case_api.idempotency_keys (
    dealer text COLLATE "C" NOT NULL,
    subject text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dealer, subject, key)
);
CREATE INDEX idempotency_keys_created_at ON case_api.idempotency_keys (created_at);
GRANT SELECT, INSERT ON case_api.idempotency_keys TO case_api;

CREATE TABLE case_api.leases (
    name text PRIMARY KEY,
    owner text NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON case_api.leases TO case_api;
