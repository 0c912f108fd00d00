-- A form is kept only where its token was given to a session of ours: else anybody could fill the table. A token leads to
-- the hash of its session's form key, which outlives the session: forms are sent days after it has ended.

CREATE TABLE portal_web.form_keys (
    id bytea PRIMARY KEY CHECK (length(id) = 32),
    expires_at timestamptz NOT NULL
);
CREATE INDEX form_keys_expires_at ON portal_web.form_keys (expires_at);
GRANT SELECT, INSERT, DELETE, UPDATE (expires_at) ON portal_web.form_keys TO portal_web;

-- Whose form it is: so many are kept for each. Sign-ins under way are in cookies from now on.
ALTER TABLE portal_web.kept ADD COLUMN owner bytea CHECK (length(owner) = 32);
CREATE INDEX kept_owner ON portal_web.kept (owner, expires_at);

-- A user who signs in again in another tab keeps the session, for the forms of all tabs belong to it.
GRANT UPDATE (expires_at) ON portal_web.sessions TO portal_web;
