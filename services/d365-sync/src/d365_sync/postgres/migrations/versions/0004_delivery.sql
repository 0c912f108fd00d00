-- A second case of the same submission in D365: an alarm, kept with its document.
ALTER TABLE d365_sync.documents ADD COLUMN other_case_ids text[] NOT NULL DEFAULT '{}';
CREATE INDEX documents_doubled ON d365_sync.documents (cause) WHERE cardinality(other_case_ids) > 0;

-- Look-ups are claimed by legal entity: one that does not answer keeps no other waiting.
DROP INDEX d365_sync.documents_to_verify;
CREATE INDEX documents_to_verify ON d365_sync.documents (data_area_id, verify_at)
    WHERE verify_at IS NOT NULL AND content IS NOT NULL;

-- From when on the next probe of an open breaker may be sent, whoever leads then.
ALTER TABLE d365_sync.delivery_control ADD COLUMN breaker_probe_at timestamptz;
