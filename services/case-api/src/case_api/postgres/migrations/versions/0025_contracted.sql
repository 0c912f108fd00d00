-- status-sync: what it writes, and what it compares; the contact and the notes are not for it. Code before 0012 reads them. The right to
-- the whole table takes those to its columns along, so they are given again.
REVOKE SELECT ON case_api.cases FROM status_sync;
GRANT SELECT (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, category, category_type, priority, description, created_at,
    updated_at, submitted_at, submission_no, case_id, d365_status, d365_status_mapped, status_as_of, d365_category, d365_category_type,
    d365_priority, d365_description, d365_modified_at, read_began_at, status, moved_at, deleted_in_d365_at, case_id_reused_at, named_in_d365,
    emptied_at
) ON case_api.cases TO status_sync;
