-- When the personal data of the case was emptied. From then on D365's words are not taken over again; a dealer who edits the draft
-- begins anew.
ALTER TABLE case_api.cases ADD COLUMN IF NOT EXISTS emptied_at timestamptz;
GRANT UPDATE (emptied_at) ON case_api.cases TO case_api;
GRANT SELECT (emptied_at) ON case_api.cases TO status_sync;
GRANT SELECT (created_at, updated_at, status_as_of, emptied_at) ON case_api.cases TO d365_sync;

-- Which case a key's answer is about; an answer that was emptied (`{}`) is about none.
ALTER TABLE case_api.idempotency_keys ADD COLUMN IF NOT EXISTS web_case_id text COLLATE "C"
    GENERATED ALWAYS AS (coalesce(answer ->> 'web_case_id', answer ->> 'submitted_case')) STORED;
CREATE INDEX IF NOT EXISTS idempotency_keys_by_case ON case_api.idempotency_keys (web_case_id) WHERE web_case_id IS NOT NULL;
GRANT UPDATE (answer) ON case_api.idempotency_keys TO case_api;

-- Empties the personal data of those of the cases that are not on their way to D365, and returns these. Ids, statuses, times, category
-- and hashes stay. With the rights of its owner: d365-sync calls it in the transaction in which it empties its own tables.
CREATE OR REPLACE FUNCTION case_api.empty_personal_data(ids text[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    emptied text[];
BEGIN
    -- Whoever submits one of them waits, or has committed and is seen below.
    PERFORM FROM case_api.cases WHERE web_case_id = ANY (ids) ORDER BY web_case_id FOR UPDATE;
    SELECT array_agg(c.web_case_id) INTO emptied FROM case_api.cases c
    WHERE c.web_case_id = ANY (ids) AND NOT EXISTS (
        SELECT FROM case_api.submission_states x
        WHERE x.web_case_id = c.web_case_id AND x.state IN ('pending', 'delivering', 'verifying', 'deferred')
    );
    UPDATE case_api.cases SET
        contact_name = NULL, contact_email = NULL, contact_phone = NULL, notes = NULL, description = NULL, d365_description = NULL,
        emptied_at = clock_timestamp(), version = version + CASE WHEN phase = 'draft' THEN 1 ELSE 0 END
    WHERE web_case_id = ANY (emptied);
    UPDATE case_api.submissions SET content = NULL WHERE web_case_id = ANY (emptied) AND content IS NOT NULL;
    UPDATE case_api.submission_states SET reason = NULL, emptied_at = coalesce(emptied_at, now()) WHERE web_case_id = ANY (emptied);
    UPDATE case_api.submission_changes SET reason = NULL WHERE web_case_id = ANY (emptied) AND reason IS NOT NULL;
    -- What Kafka refused, of submissions that are at an end.
    DELETE FROM case_api.outbox WHERE web_case_id = ANY (emptied);
    UPDATE case_api.idempotency_keys SET answer = answer || (
        SELECT coalesce(jsonb_object_agg(field, NULL::text), '{}') FROM jsonb_object_keys(answer) field
        WHERE field IN ('contact_name', 'contact_email', 'contact_phone', 'notes', 'description', 'd365_description', 'reason')
    )
    WHERE web_case_id = ANY (emptied);
    RETURN coalesce(emptied, '{}');
END
$$;

-- The dealer's cases of a person: by their id, by who wrote or submitted them (name or subject), or by a contact (name, e-mail address or
-- phone number, case ignored).
CREATE OR REPLACE FUNCTION case_api.cases_of_person(of_dealer text, of_case text, of_user text, of_contact text) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.web_case_id FROM case_api.cases c
    WHERE c.dealer = of_dealer AND (
        c.web_case_id = of_case
        OR of_user IN (c.created_by, c.created_by_subject)
        OR lower(of_contact) IN (lower(c.contact_name), lower(c.contact_email), lower(c.contact_phone))
        OR EXISTS (
            SELECT FROM case_api.submissions s
            WHERE s.web_case_id = c.web_case_id AND (
                of_user IN (s.submitted_by, s.submitted_by_subject)
                OR lower(of_contact) IN (
                    lower(s.content #>> '{contact,name}'), lower(s.content #>> '{contact,email}'), lower(s.content #>> '{contact,phone}')
                )
            )
        )
        OR EXISTS (
            SELECT FROM case_api.idempotency_keys k
            WHERE k.web_case_id = c.web_case_id AND lower(of_contact) IN (
                lower(k.answer ->> 'contact_name'), lower(k.answer ->> 'contact_email'), lower(k.answer ->> 'contact_phone')
            )
        )
    )
$$;
REVOKE ALL ON FUNCTION case_api.empty_personal_data(text[]), case_api.cases_of_person(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION case_api.empty_personal_data(text[]), case_api.cases_of_person(text, text, text, text) TO d365_sync;
