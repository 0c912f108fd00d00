-- Replays of many dead letters at once: the order, and the list of documents that it was given for.

CREATE TABLE d365_sync.replays (
    replay_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    state text NOT NULL CHECK (state IN ('running', 'paused', 'completed', 'canceled')),
    dry_run boolean NOT NULL,
    query jsonb NOT NULL,
    -- Of query and dry_run: two clicks at once are one replay.
    query_hash bytea NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    idempotency_key text,
    request_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    -- Why a dry run does not get on: what D365 said, or that it said nothing.
    held_up_by text,
    documents integer NOT NULL,
    replayed integer NOT NULL DEFAULT 0,
    left_out integer NOT NULL DEFAULT 0,
    would_create integer NOT NULL DEFAULT 0,
    already_there integer NOT NULL DEFAULT 0,
    still_invalid integer NOT NULL DEFAULT 0,
    UNIQUE (actor, idempotency_key)
);
CREATE UNIQUE INDEX replays_open ON d365_sync.replays (query_hash) WHERE state IN ('running', 'paused');
CREATE INDEX replays_newest ON d365_sync.replays (created_at DESC, replay_id DESC);

-- The dead letters as they were when the replay was ordered, oldest first. `outcome` is the stored position: null is to be done.
CREATE TABLE d365_sync.replay_documents (
    replay_id uuid NOT NULL REFERENCES d365_sync.replays,
    place integer NOT NULL,
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    revision integer NOT NULL,
    outcome text CHECK (outcome IN ('replayed', 'left_out', 'would_create', 'already_there', 'still_invalid')),
    detail text,
    PRIMARY KEY (replay_id, place)
) WITH (fillfactor = 70);
CREATE INDEX replay_documents_to_do ON d365_sync.replay_documents (replay_id, place) WHERE outcome IS NULL;

-- The replay that put the document back into the queue last.
ALTER TABLE d365_sync.documents ADD COLUMN replay_id uuid;
CREATE INDEX documents_replayed ON d365_sync.documents (state, replay_id) WHERE replay_id IS NOT NULL;
ALTER TABLE d365_sync.audit ADD COLUMN replay_id uuid;
CREATE INDEX audit_of_replay ON d365_sync.audit (replay_id, id) WHERE replay_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON d365_sync.replays, d365_sync.replay_documents TO d365_sync;
