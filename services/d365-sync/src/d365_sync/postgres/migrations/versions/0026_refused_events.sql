-- Revisions that Kafka refuses for their data, or that make no event: tried again at `retry_at`, or with the document's next change.
CREATE TABLE d365_sync.refused_events (
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    revision integer NOT NULL,
    refusals integer NOT NULL DEFAULT 1,
    refused_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    refusal text NOT NULL,
    retry_at timestamptz NOT NULL,
    PRIMARY KEY (web_case_id, submission_no)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON d365_sync.refused_events TO d365_sync;
