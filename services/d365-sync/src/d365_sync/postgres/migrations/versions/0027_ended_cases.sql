-- Locks cases that had ended before $2, and returns those that still have: a dealer may save a returned draft while the sweep waits for its
-- row, and D365 may reopen a case. With the rights of its owner, because d365-sync may not write cases. Whether a submission is on its way
-- is for `empty_personal_data`, which comes next and locks in the same order: documents, then cases.
CREATE FUNCTION d365_sync.lock_ended_cases(ids text[], before timestamptz) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM d365_sync.documents WHERE web_case_id = ANY (ids) ORDER BY web_case_id, submission_no FOR UPDATE;
    PERFORM FROM case_api.cases WHERE web_case_id = ANY (ids) ORDER BY web_case_id FOR UPDATE;
    -- A statement of its own: it sees what was committed while the locks were waited for.
    RETURN ARRAY (
        SELECT c.web_case_id FROM case_api.cases AS c
        WHERE c.web_case_id = ANY (ids) AND CASE
            WHEN c.phase = 'draft' THEN c.updated_at < before
            ELSE c.status IN ('closed', 'canceled', 'submitted') OR coalesce(c.deleted_in_d365_at, c.moved_at) IS NOT NULL
        END
    );
END
$$;
REVOKE ALL ON FUNCTION d365_sync.lock_ended_cases(text[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION d365_sync.lock_ended_cases(text[], timestamptz) TO d365_sync;
