-- Which case was begun at an address for a new one (`/new?key=…`): a bookmark, Back or a duplicated tab come to it again,
-- and must not write over it. `id`: the hash of dealer and key. `page`: the form that saves it by itself; null: it has left.
CREATE TABLE portal_web.begun_cases (
    id bytea PRIMARY KEY CHECK (length(id) = 32),
    web_case_id text NOT NULL,
    etag text NOT NULL,
    page text,
    expires_at timestamptz NOT NULL
);
CREATE INDEX begun_cases_expires_at ON portal_web.begun_cases (expires_at);
GRANT SELECT, INSERT, DELETE, UPDATE (web_case_id, etag, page, expires_at) ON portal_web.begun_cases TO portal_web;
