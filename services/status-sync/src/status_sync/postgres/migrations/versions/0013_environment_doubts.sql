-- What makes D365 look like another environment than before, by legal entity: cases of another Casebridge under our Case IDs (`foreign`), or
-- none of the cases that it has shown before (`nothing_shown`). d365-sync tells operators of it.
CREATE TABLE environment_doubts (
    kind text NOT NULL CHECK (kind IN ('foreign', 'nothing_shown')),
    data_area_id text COLLATE "C" NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    example text NOT NULL,
    PRIMARY KEY (kind, data_area_id)
);
GRANT SELECT, INSERT, UPDATE ON environment_doubts TO status_sync;
GRANT SELECT ON environment_doubts TO d365_sync;
-- `controls`: when known cases were last made due for such a look.
ALTER TABLE sync_state
    DROP CONSTRAINT sync_state_name_check,
    ADD CONSTRAINT sync_state_name_check CHECK (name IN ('poll', 'sweep', 'hidden', 'restore', 'controls'));
