-- Due reads are taken by legal entity; and a poll that was told to begin anew is another round (see restart_poll.sql).
CREATE INDEX due_reads_by_legal_entity ON due_reads (data_area_id, due_at);
DROP INDEX due_reads_by_due_at;
ALTER TABLE sync_state ADD COLUMN round bigint NOT NULL DEFAULT 0;
