-- D365 was restored to an earlier time: what was delivered since is looked up, and what is surely gone is delivered again.

-- When the look-up began that showed a delivered case to be gone. Evidence of its being there from before does not count.
ALTER TABLE d365_sync.documents ADD COLUMN lost_at timestamptz;

CREATE TABLE d365_sync.d365_restores (
    restore_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- The time to which D365 was restored.
    since timestamptz NOT NULL,
    dry_run boolean NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed')),
    actor text NOT NULL,
    actor_subject text,
    actor_issuer text,
    reason text NOT NULL,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    -- Why it does not get on just now.
    held_up_by text
);
-- One at a time.
CREATE UNIQUE INDEX d365_restores_running ON d365_sync.d365_restores (state) WHERE state = 'running';

-- What was delivered since then, as it stood when the restore was told of.
CREATE TABLE d365_sync.d365_restore_documents (
    restore_id uuid NOT NULL REFERENCES d365_sync.d365_restores,
    place integer NOT NULL,
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    data_area_id text COLLATE "C" NOT NULL,
    -- Null until it was looked up. In a dry run `queued` means that it would be.
    outcome text CHECK (outcome IN ('there', 'queued', 'not_sure', 'under_way')),
    detail text,
    PRIMARY KEY (restore_id, place)
);
CREATE INDEX d365_restore_documents_open ON d365_sync.d365_restore_documents (restore_id, place) WHERE outcome IS NULL;

GRANT SELECT, INSERT, UPDATE ON d365_sync.d365_restores, d365_sync.d365_restore_documents TO d365_sync;
