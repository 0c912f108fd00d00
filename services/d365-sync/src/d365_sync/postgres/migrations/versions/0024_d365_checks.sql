-- The last result of each step, for each D365 environment.
CREATE TABLE d365_sync.d365_check_steps (
    environment text NOT NULL,
    step text NOT NULL,
    place smallint NOT NULL,
    state text NOT NULL,
    message text NOT NULL,
    remedy text,
    -- Code and values of each finding, from which a page makes its own words.
    findings jsonb NOT NULL,
    -- Found by writing a case: what a later check finds without writing does not take its place.
    written boolean NOT NULL,
    -- Since when the step is in this state.
    since timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (environment, step)
);
-- D365 was seen to refuse a second case with the same Web Case ID.
CREATE TABLE d365_sync.uniqueness_proofs (
    environment text NOT NULL,
    entity_set text NOT NULL,
    field text NOT NULL,
    case_id text NOT NULL,
    proven_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (environment, entity_set, field)
);
-- Set while the mapping says that the Web Case ID is unique, and nothing proves it.
ALTER TABLE d365_sync.delivery_control ADD COLUMN uniqueness_unproven_since timestamptz;
GRANT SELECT, INSERT, UPDATE, DELETE ON d365_sync.d365_check_steps, d365_sync.uniqueness_proofs TO d365_sync;
