-- Whose a session is, and which session at the provider it came from: hashes, so that both can be ended here (ADR 0017).
-- Old code leaves them null; such sessions end by their own time. `used_at`: when its user last did something.
ALTER TABLE portal_web.sessions
    ADD COLUMN owner bytea CHECK (length(owner) = 32),
    ADD COLUMN provider_session bytea CHECK (length(provider_session) = 32),
    ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX sessions_owner ON portal_web.sessions (owner);
CREATE INDEX sessions_provider_session ON portal_web.sessions (provider_session);
GRANT UPDATE (owner, provider_session, used_at) ON portal_web.sessions TO portal_web;
