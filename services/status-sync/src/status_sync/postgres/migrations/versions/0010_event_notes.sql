-- What came of D365's business events. d365-sync reads it: for the check of D365 (did an event of this legal entity ever come, did the
-- test of an endpoint), and for operators (events of another environment). `subject` is a legal entity or, for other_environment, a host.
CREATE TABLE event_notes (
    kind text NOT NULL CHECK (kind IN ('status', 'test', 'unknown_legal_entity', 'foreign_web_case_id', 'other_environment')),
    subject text COLLATE "C" NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (kind, subject)
);
GRANT SELECT, INSERT, UPDATE ON event_notes TO status_sync;
GRANT SELECT ON event_notes TO d365_sync;
