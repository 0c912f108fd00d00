-- A case's record in D365 may come to belong to somebody else, go, or lose its number to another case. Its row then takes nothing more
-- from D365: it is not followed. Only rows that are followed hold their Case ID alone.
ALTER TABLE case_api.cases
    ADD COLUMN IF NOT EXISTS moved_at timestamptz,
    ADD COLUMN IF NOT EXISTS deleted_in_d365_at timestamptz,
    ADD COLUMN IF NOT EXISTS case_id_reused_at timestamptz,
    ADD COLUMN IF NOT EXISTS named_in_d365 boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN case_api.cases.moved_at IS 'since when the record belongs to another customer, legal entity or hidden category type';
COMMENT ON COLUMN case_api.cases.deleted_in_d365_at IS 'since when D365 does not have the record any more';
COMMENT ON COLUMN case_api.cases.case_id_reused_at IS 'since when the Case ID is another case''s: an alarm, not for dealers';
COMMENT ON COLUMN case_api.cases.named_in_d365 IS 'whether D365 once showed the record with this Web Case ID';

-- status-sync: what it writes, and what it compares; the contact and the notes are not for it. 0024 takes its right to the whole table.
GRANT SELECT (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, category, category_type, priority, description, created_at,
    updated_at, submitted_at, submission_no, case_id, d365_status, d365_status_mapped, status_as_of, d365_category, d365_category_type,
    d365_priority, d365_description, d365_modified_at, read_began_at, status, moved_at, deleted_in_d365_at, case_id_reused_at, named_in_d365
) ON case_api.cases TO status_sync;
GRANT INSERT (named_in_d365), UPDATE (moved_at, deleted_in_d365_at, case_id_reused_at, named_in_d365) ON case_api.cases TO status_sync;
-- The operators' picture of the flow counts them.
GRANT SELECT (moved_at, deleted_in_d365_at, case_id_reused_at) ON case_api.cases TO d365_sync;
