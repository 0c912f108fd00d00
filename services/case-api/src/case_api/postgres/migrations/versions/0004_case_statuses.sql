-- What the list reads beside `cases`. Indexes of `cases` hold only what hardly ever changes, so that a change of status touches no
-- index of it (a HOT update); the status stands in a narrow table of its own, kept by a trigger whoever writes (ADR 0016).

-- The place of a status in a case's life, by which lists are sorted: case_shared.words.events.CaseStatus in its order.
CREATE FUNCTION case_api.status_order(status text) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE status
        WHEN 'draft' THEN 0::smallint WHEN 'submitted' THEN 1::smallint WHEN 'in_process' THEN 2::smallint
        WHEN 'open' THEN 3::smallint WHEN 'closed' THEN 4::smallint WHEN 'canceled' THEN 5::smallint
    END
$$;

-- Both ids as searches compare them: in lower case, apart by what no search holds. The collation comes with PostgreSQL, so that
-- no library's update changes what an index holds.
CREATE FUNCTION case_api.searched_ids(web_case_id text, case_id text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower((web_case_id || E'\n' || coalesce(case_id, '')) COLLATE pg_catalog.pg_c_utf8)
$$;

CREATE TABLE case_api.case_statuses (
    dealer text COLLATE "C" NOT NULL,
    status smallint NOT NULL,
    created_at timestamptz NOT NULL,
    web_case_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (dealer, status, created_at, web_case_id)
) WITH (fillfactor = 90);
GRANT SELECT ON case_api.case_statuses TO case_api;

-- With the rights of its owner: who writes cases needs none on this table. Whatever stands here, no case is refused for it.
CREATE FUNCTION case_api.keep_case_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE case_api.case_statuses;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM case_api.case_statuses
        WHERE dealer = OLD.dealer AND status = case_api.status_order(OLD.status) AND created_at = OLD.created_at
            AND web_case_id = OLD.web_case_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO case_api.case_statuses (dealer, status, created_at, web_case_id)
        VALUES (NEW.dealer, case_api.status_order(NEW.status), NEW.created_at, NEW.web_case_id)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION case_api.keep_case_status() FROM PUBLIC;
CREATE TRIGGER cases_status_added AFTER INSERT OR DELETE ON case_api.cases FOR EACH ROW
EXECUTE FUNCTION case_api.keep_case_status();
CREATE TRIGGER cases_status_changed AFTER UPDATE ON case_api.cases FOR EACH ROW
WHEN ((OLD.dealer, OLD.status, OLD.created_at) IS DISTINCT FROM (NEW.dealer, NEW.status, NEW.created_at))
EXECUTE FUNCTION case_api.keep_case_status();
CREATE TRIGGER cases_status_emptied AFTER TRUNCATE ON case_api.cases FOR EACH STATEMENT
EXECUTE FUNCTION case_api.keep_case_status();
