-- Due reads are taken by legal entity; a poll that was told to begin anew is another round (see restart_poll.sql); and what
-- dealers may not see leaves no row, so the newest read that showed such a case is remembered (see last_hidden.sql).
CREATE INDEX due_reads_by_legal_entity ON due_reads (data_area_id, due_at);
DROP INDEX due_reads_by_due_at;
ALTER TABLE sync_state
    ADD COLUMN round bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT sync_state_name_check,
    ADD CONSTRAINT sync_state_name_check CHECK (name IN ('poll', 'sweep', 'hidden'));
