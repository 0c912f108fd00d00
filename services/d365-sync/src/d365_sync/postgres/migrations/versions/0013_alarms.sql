-- What must not be, on a document that is otherwise at an end; an operator's acknowledgement ends it.
ALTER TABLE d365_sync.documents
    ADD COLUMN alarms text[] NOT NULL DEFAULT '{}',
    ADD COLUMN alarm_since timestamptz,
    -- Second cases of D365 that an operator has seen: told again, they are no alarm.
    ADD COLUMN acknowledged_case_ids text[] NOT NULL DEFAULT '{}';
UPDATE d365_sync.documents SET alarms = '{second_case}', alarm_since = changed_at WHERE cardinality(other_case_ids) > 0;
DROP INDEX d365_sync.documents_doubled;
CREATE INDEX documents_alarmed ON d365_sync.documents (created_at) WHERE cardinality(alarms) > 0;

-- Cases of D365 with a submission of ours that has another case already, as status-sync's reads show them.
CREATE TABLE d365_sync.second_cases (
    web_case_id text COLLATE "C" NOT NULL,
    submission_id uuid NOT NULL,
    case_id text COLLATE "C" NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    -- Its document knows of it.
    noted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (web_case_id, submission_id, case_id)
);
CREATE INDEX second_cases_to_note ON d365_sync.second_cases (seen_at) WHERE NOT noted;
GRANT INSERT ON d365_sync.second_cases TO status_sync;
GRANT SELECT, UPDATE ON d365_sync.second_cases TO d365_sync;
