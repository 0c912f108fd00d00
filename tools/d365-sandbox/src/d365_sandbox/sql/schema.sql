-- Purpose: what the sandbox stores besides the entity tables (which are built from entities.py).
CREATE TABLE IF NOT EXISTS number_sequences (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
    digest TEXT PRIMARY KEY,
    audience TEXT NOT NULL,
    expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS outbound_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    control_number INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'error', 'dropped', 'no_endpoint')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS outbound_events_due ON outbound_events (endpoint, due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS outbound_events_state ON outbound_events (state);
CREATE TABLE IF NOT EXISTS setup (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (
    position INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS cases_by_web_case_id ON CaseDetailBase (dataAreaId, WebCaseId);
CREATE INDEX IF NOT EXISTS cases_by_web_case_id_alone ON CaseDetailBase (WebCaseId);
CREATE INDEX IF NOT EXISTS cases_by_modified ON CaseDetailBase (SysModifiedDateTime, CaseRecId);
CREATE INDEX IF NOT EXISTS cases_by_rec_id ON CaseDetailBase (CaseRecId);
CREATE INDEX IF NOT EXISTS cases_by_status ON CaseDetailBase (CaseStatus, status_changed_at);
-- The planner must know that a company has many cases and a Web Case ID has one, even in a new file. So the figures are
-- set here: with those of an empty table it would scan a company for every look-up.
ANALYZE number_sequences;
DELETE FROM sqlite_stat1 WHERE tbl = 'CaseDetailBase';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('CaseDetailBase', 'CaseDetailBase_key', '100000 50000 1'),
    ('CaseDetailBase', 'cases_by_web_case_id', '100000 50000 1'),
    ('CaseDetailBase', 'cases_by_web_case_id_alone', '100000 1'),
    ('CaseDetailBase', 'cases_by_modified', '100000 50 1'),
    ('CaseDetailBase', 'cases_by_rec_id', '100000 1'),
    ('CaseDetailBase', 'cases_by_status', '100000 20000 10');
ANALYZE sqlite_schema;
