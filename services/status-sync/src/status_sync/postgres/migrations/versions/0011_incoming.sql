-- Customers, categories and priorities of a read that has not come to its end yet; a crash may take them away.
CREATE UNLOGGED TABLE status_sync.incoming (
    run uuid NOT NULL,
    list text NOT NULL,
    data_area_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    text text
);
CREATE INDEX incoming_by_run ON status_sync.incoming (run);
GRANT SELECT, INSERT, DELETE ON status_sync.incoming TO status_sync;
