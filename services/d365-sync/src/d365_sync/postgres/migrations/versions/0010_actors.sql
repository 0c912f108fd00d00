-- A name can change, or be another person's too; issuer and subject together say who it was. Null in rows from before.
ALTER TABLE d365_sync.audit ADD COLUMN actor_subject text, ADD COLUMN actor_issuer text;
ALTER TABLE d365_sync.notes ADD COLUMN author_subject text, ADD COLUMN author_issuer text;
ALTER TABLE d365_sync.documents ADD COLUMN created_by_subject text, ADD COLUMN created_by_issuer text;
ALTER TABLE d365_sync.delivery_control ADD COLUMN paused_by_subject text, ADD COLUMN paused_by_issuer text;
ALTER TABLE d365_sync.delivery_windows
    ADD COLUMN created_by_subject text, ADD COLUMN created_by_issuer text,
    ADD COLUMN ended_by_subject text, ADD COLUMN ended_by_issuer text;
ALTER TABLE d365_sync.unreadable_records ADD COLUMN seen_by_subject text, ADD COLUMN seen_by_issuer text;
GRANT UPDATE (ended_by_subject, ended_by_issuer) ON d365_sync.delivery_windows TO d365_sync;
GRANT UPDATE (seen_by_subject, seen_by_issuer) ON d365_sync.unreadable_records TO d365_sync;
-- The audit is filtered by subject, too.
CREATE INDEX audit_by_subject ON d365_sync.audit (actor_subject, id);

-- An Idempotency-Key is a person's, not a name's. What the old code writes has no subject, and stays held apart by the name.
ALTER TABLE d365_sync.replays
    ADD COLUMN actor_subject text, ADD COLUMN actor_issuer text,
    DROP CONSTRAINT replays_actor_idempotency_key_key;
CREATE UNIQUE INDEX replays_by_key ON d365_sync.replays (actor_issuer, actor_subject, idempotency_key);
CREATE UNIQUE INDEX replays_by_name_and_key ON d365_sync.replays (actor, idempotency_key) WHERE actor_subject IS NULL;
