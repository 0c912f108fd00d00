-- `restore`: when the newest restore of D365 was reported whose changes were made due.
ALTER TABLE status_sync.sync_state
    DROP CONSTRAINT sync_state_name_check,
    ADD CONSTRAINT sync_state_name_check CHECK (name IN ('poll', 'sweep', 'hidden', 'restore'));

-- Each text that a case ever had, for an older one comes back where a change is undone or D365 is restored.
ALTER TABLE status_sync.case_texts DROP CONSTRAINT case_texts_pkey, ADD PRIMARY KEY (data_area_id, case_id, digest);
