-- What searches look through (ADR 0016): a narrow row for each case, so that thousands of candidates are looked at in milliseconds,
-- and each dealer's users. Kept by a trigger, whoever writes.

-- As in 0004 but not STRICT, which kept it from being inlined: a call of it took longer than finding the case.
CREATE OR REPLACE FUNCTION case_api.status_order(status text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE status
        WHEN 'draft' THEN 0::smallint WHEN 'submitted' THEN 1::smallint WHEN 'in_process' THEN 2::smallint
        WHEN 'open' THEN 3::smallint WHEN 'closed' THEN 4::smallint WHEN 'canceled' THEN 5::smallint
    END
$$;

CREATE TABLE case_api.searched_cases (
    web_case_id text COLLATE "C" PRIMARY KEY,
    dealer text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    case_id text COLLATE "C",
    ids text COLLATE "C" NOT NULL GENERATED ALWAYS AS (case_api.searched_ids(web_case_id, case_id)) STORED
);
-- Whoever has ever created a case of the dealer's: one who has none any more is found, and brings nothing.
CREATE TABLE case_api.case_creators (
    dealer text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (dealer, name)
);
GRANT SELECT ON case_api.searched_cases, case_api.case_creators TO case_api;

-- With the rights of its owner: who writes cases needs none on these tables.
CREATE FUNCTION case_api.keep_searched_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE case_api.searched_cases, case_api.case_creators;
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM case_api.searched_cases WHERE web_case_id = OLD.web_case_id;
        RETURN NULL;
    END IF;
    INSERT INTO case_api.searched_cases (web_case_id, dealer, created_at, case_id)
    VALUES (NEW.web_case_id, NEW.dealer, NEW.created_at, NEW.case_id)
    ON CONFLICT (web_case_id) DO UPDATE
    SET dealer = excluded.dealer, created_at = excluded.created_at, case_id = excluded.case_id;
    IF NEW.created_by IS NOT NULL THEN
        INSERT INTO case_api.case_creators (dealer, name)
        VALUES (NEW.dealer, lower(NEW.created_by COLLATE pg_c_utf8))
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION case_api.keep_searched_case() FROM PUBLIC;
CREATE TRIGGER cases_search_added AFTER INSERT OR DELETE ON case_api.cases FOR EACH ROW
EXECUTE FUNCTION case_api.keep_searched_case();
CREATE TRIGGER cases_search_changed AFTER UPDATE ON case_api.cases FOR EACH ROW
WHEN ((OLD.dealer, OLD.created_at, OLD.case_id, OLD.created_by)
    IS DISTINCT FROM (NEW.dealer, NEW.created_at, NEW.case_id, NEW.created_by))
EXECUTE FUNCTION case_api.keep_searched_case();
CREATE TRIGGER cases_search_emptied AFTER TRUNCATE ON case_api.cases FOR EACH STATEMENT
EXECUTE FUNCTION case_api.keep_searched_case();
