-- Signed-in browsers, and sign-ins under way. Found by the SHA-256 of the browser's secret, and sealed with it (ADR 0017):
-- who reads these tables, or a backup, gets no token and no name.

GRANT USAGE ON SCHEMA portal_web TO portal_web;

CREATE TABLE portal_web.sessions (
    id bytea PRIMARY KEY CHECK (length(id) = 32),
    content bytea NOT NULL,
    version integer NOT NULL DEFAULT 1,
    renewing_until timestamptz,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expires_at ON portal_web.sessions (expires_at);
GRANT SELECT, INSERT, DELETE, UPDATE (content, version, renewing_until) ON portal_web.sessions TO portal_web;

-- Sign-ins under way, and forms that come back after one; each is taken once.
CREATE TABLE portal_web.kept (
    id bytea PRIMARY KEY CHECK (length(id) = 32),
    content bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX kept_expires_at ON portal_web.kept (expires_at);
GRANT SELECT, INSERT, DELETE, UPDATE (content, expires_at) ON portal_web.kept TO portal_web;
