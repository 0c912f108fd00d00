-- What operators tell each other about a document; append-only by grants.
CREATE TABLE d365_sync.notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    author text NOT NULL,
    text text NOT NULL,
    FOREIGN KEY (web_case_id, submission_no) REFERENCES d365_sync.documents
);
CREATE INDEX notes_of_document ON d365_sync.notes (web_case_id, submission_no, id);
GRANT SELECT, INSERT ON d365_sync.notes TO d365_sync;

-- Maintenance windows: delivery stands still while one is under way, whoever leads, and goes on by itself.
CREATE TABLE d365_sync.delivery_windows (
    window_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    begins_at timestamptz NOT NULL,
    -- Moved to the moment at which an operator ended it early; to begins_at where it was called off before that.
    ends_at timestamptz NOT NULL,
    reason text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_by text,
    ended_reason text
);
CREATE INDEX delivery_windows_by_end ON d365_sync.delivery_windows (ends_at);
GRANT SELECT, INSERT, UPDATE (ends_at, ended_by, ended_reason) ON d365_sync.delivery_windows TO d365_sync;

-- An operator has looked at an unreadable record.
ALTER TABLE d365_sync.unreadable_records ADD COLUMN seen_at timestamptz, ADD COLUMN seen_by text;
CREATE INDEX unreadable_records_unseen ON d365_sync.unreadable_records (id) WHERE seen_at IS NULL;
GRANT UPDATE (seen_at, seen_by) ON d365_sync.unreadable_records TO d365_sync;

-- The last hour by the minute. Times only grow, so these indexes grow at their end, which costs next to nothing.
CREATE INDEX attempts_by_time ON d365_sync.attempts (started_at);
-- The audit by who and by when.
CREATE INDEX audit_by_actor ON d365_sync.audit (actor, id);
CREATE INDEX audit_by_time ON d365_sync.audit (at);
