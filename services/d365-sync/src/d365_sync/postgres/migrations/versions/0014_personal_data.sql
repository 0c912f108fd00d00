-- The audit and the notes stay append-only but for this: their words may go, never come or change.
CREATE FUNCTION d365_sync.refuse_new_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the words in % can only be emptied', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER audit_emptied BEFORE UPDATE ON d365_sync.audit FOR EACH ROW WHEN (NEW.reason IS NOT NULL)
EXECUTE FUNCTION d365_sync.refuse_new_words();
CREATE TRIGGER notes_emptied BEFORE UPDATE ON d365_sync.notes FOR EACH ROW WHEN (NEW.text <> '')
EXECUTE FUNCTION d365_sync.refuse_new_words();
GRANT UPDATE (reason) ON d365_sync.audit TO d365_sync;
GRANT UPDATE (text) ON d365_sync.notes TO d365_sync;
CREATE INDEX replay_documents_of_case ON d365_sync.replay_documents (web_case_id) WHERE detail IS NOT NULL;

-- Empties the personal data of those of the cases that are not on their way to D365, here and in case_api, and returns these: all of it or
-- nothing. What prevents doubles stays: ids, states, revisions, Case IDs. Why somebody erased it stays, too.
CREATE FUNCTION d365_sync.empty_personal_data(ids text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    emptied text[];
BEGIN
    -- A dispatcher or an operator who has one of the documents in hand is waited for, and seen below.
    PERFORM FROM d365_sync.documents WHERE web_case_id = ANY (ids) ORDER BY web_case_id, submission_no FOR UPDATE;
    SELECT case_api.empty_personal_data(array_agg(id)) INTO emptied FROM unnest(ids) AS id
    WHERE NOT EXISTS (
        SELECT FROM d365_sync.documents AS d
        WHERE d.web_case_id = id
            AND (d.state IN ('pending', 'delivering', 'verifying', 'deferred') OR d.lease_token IS NOT NULL)
    );
    UPDATE d365_sync.documents SET
        content = NULL, reason = NULL, detail = NULL, given_reason = NULL, verify_at = NULL, failure_log_at = NULL
    WHERE web_case_id = ANY (emptied);
    UPDATE d365_sync.attempts SET request = NULL, answer = NULL, why = NULL WHERE web_case_id = ANY (emptied);
    UPDATE d365_sync.notes SET text = '' WHERE web_case_id = ANY (emptied);
    UPDATE d365_sync.audit SET reason = NULL WHERE web_case_id = ANY (emptied) AND reason IS NOT NULL AND action <> 'erase';
    UPDATE d365_sync.replay_documents SET detail = NULL WHERE web_case_id = ANY (emptied) AND detail IS NOT NULL;
    RETURN coalesce(emptied, '{}');
END
$$;
REVOKE ALL ON FUNCTION d365_sync.empty_personal_data(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION d365_sync.empty_personal_data(text[]) TO d365_sync;
