-- What D365 stored other than it was sent ([{field, sent, stored}]; null: nothing is known to differ), and when it is to be read for that.
ALTER TABLE d365_sync.documents
    ADD COLUMN differences jsonb,
    ADD COLUMN compare_at timestamptz,
    -- A digest of D365's description where it is not the dealer's; it stays when the texts go.
    ADD COLUMN kept_description bytea;
CREATE INDEX documents_to_compare ON d365_sync.documents (compare_at) WHERE compare_at IS NOT NULL;

CREATE FUNCTION d365_sync.keep_description() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.kept_description := (
        SELECT sha256(convert_to(one ->> 'stored', 'UTF8')) FROM jsonb_array_elements(NEW.differences) AS one
        WHERE one ->> 'field' = 'description' AND one ->> 'stored' IS NOT NULL
    );
    RETURN NEW;
END
$$;
CREATE TRIGGER description_kept BEFORE UPDATE OF differences ON d365_sync.documents FOR EACH ROW
WHEN (NEW.content IS NOT NULL AND NEW.differences IS DISTINCT FROM OLD.differences) EXECUTE FUNCTION d365_sync.keep_description();

-- The fields stay, as the history of the document does.
CREATE FUNCTION d365_sync.without_texts(differences jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN differences IS NOT NULL THEN coalesce(
    (SELECT jsonb_agg(jsonb_build_object('field', one -> 'field', 'sent', NULL, 'stored', NULL)) FROM jsonb_array_elements(differences) AS one),
    '[]'
) END
$$;

CREATE OR REPLACE FUNCTION d365_sync.empty_personal_data(ids text[]) RETURNS text[] LANGUAGE plpgsql AS $$
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
        content = NULL, reason = NULL, detail = NULL, given_reason = NULL, verify_at = NULL, failure_log_at = NULL,
        differences = d365_sync.without_texts(differences), kept_description = NULL, compare_at = NULL
    WHERE web_case_id = ANY (emptied);
    UPDATE d365_sync.attempts SET request = NULL, answer = NULL, why = NULL WHERE web_case_id = ANY (emptied);
    UPDATE d365_sync.notes SET text = '' WHERE web_case_id = ANY (emptied);
    UPDATE d365_sync.audit SET reason = NULL WHERE web_case_id = ANY (emptied) AND reason IS NOT NULL AND action <> 'erase';
    UPDATE d365_sync.replay_documents SET detail = NULL WHERE web_case_id = ANY (emptied) AND detail IS NOT NULL;
    RETURN coalesce(emptied, '{}');
END
$$;

-- For status-sync: whether D365's description of a case is the dealer's own, as D365 keeps it, and not one that somebody wrote since.
-- `pending`: it is not known yet what D365 stored.
CREATE VIEW d365_sync.kept_descriptions AS
SELECT web_case_id, case_id, kept_description, state IN ('delivering', 'verifying') OR compare_at IS NOT NULL AS pending
FROM d365_sync.documents
WHERE kept_description IS NOT NULL OR compare_at IS NOT NULL OR state IN ('delivering', 'verifying');
GRANT SELECT ON d365_sync.kept_descriptions TO status_sync;
