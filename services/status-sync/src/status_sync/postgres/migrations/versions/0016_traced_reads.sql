-- So that one trace leads from what made a case due (a delivery, an event of D365) to the read and to what that shows dealers.
ALTER TABLE status_sync.due_reads ADD COLUMN traceparent text;
