-- What the list reads beside `cases`, second shape (ADR 0016): ids apart by dealer, so that a search reads no long list of a dealer's
-- cases, and the statuses' table with all that its five sorts and its searches ask for. Kept by triggers,
-- whoever writes.

-- Of thirty days each.
CREATE FUNCTION case_api.month(moment timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT floor(extract(epoch FROM moment - timestamptz '2000-01-01 00:00:00+00') / 2592000)::integer
$$;

CREATE TABLE case_api.case_ids (
    web_case_id text COLLATE "C" NOT NULL,
    dealer text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    case_id text COLLATE "C",
    creator text COLLATE pg_catalog.pg_c_utf8,
    ids text COLLATE "C" NOT NULL GENERATED ALWAYS AS (case_api.searched_ids(web_case_id, case_id)) STORED,
    month integer NOT NULL GENERATED ALWAYS AS (case_api.month(created_at)) STORED,
    -- The dealer last: an index that begins with it would be used in place of the trigrams.
    PRIMARY KEY (web_case_id, dealer)
) PARTITION BY HASH (dealer);
DO $$
BEGIN
    FOR part IN 0..31 LOOP
        EXECUTE format('CREATE TABLE case_api.case_ids_%s PARTITION OF case_api.case_ids FOR VALUES WITH (MODULUS 32, REMAINDER %s)', part, part);
    END LOOP;
END
$$;
-- A short pending list: each search reads it whole, and whoever fills it waits until it is merged.
CREATE INDEX case_ids_trigrams ON case_api.case_ids USING gin (ids gin_trgm_ops, month, creator) WITH (gin_pending_list_limit = 256);
GRANT SELECT ON case_api.case_ids TO case_api;

ALTER TABLE case_api.case_statuses ADD COLUMN case_id text COLLATE "C", ADD COLUMN creator text COLLATE pg_catalog.pg_c_utf8;

-- With the rights of its owner: who writes cases needs none on these tables. A transition table has no statistics: whatever is planned
-- for it, the other side is found by its key.
CREATE FUNCTION case_api.list_cases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE case_api.case_statuses, case_api.case_ids, case_api.case_creators;
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM case_api.case_statuses s USING old_cases o
        WHERE (s.dealer, s.status, s.created_at, s.web_case_id)
            = (o.dealer, case_api.status_order(o.status), o.created_at, o.web_case_id);
        DELETE FROM case_api.case_ids i USING old_cases o WHERE (i.web_case_id, i.dealer) = (o.web_case_id, o.dealer);
        RETURN NULL;
    END IF;
    INSERT INTO case_api.case_statuses (dealer, status, created_at, web_case_id, case_id, creator)
    SELECT dealer, case_api.status_order(status), created_at, web_case_id, case_id, lower(created_by COLLATE pg_c_utf8)
    FROM new_cases ON CONFLICT DO NOTHING;
    INSERT INTO case_api.case_ids (web_case_id, dealer, created_at, case_id, creator)
    SELECT web_case_id, dealer, created_at, case_id, lower(created_by COLLATE pg_c_utf8) FROM new_cases
    ON CONFLICT DO NOTHING;
    INSERT INTO case_api.case_creators (dealer, name)
    SELECT DISTINCT dealer, lower(created_by COLLATE pg_c_utf8) FROM new_cases WHERE created_by IS NOT NULL
    ORDER BY 1, 2 ON CONFLICT DO NOTHING; -- in one order: two of these never wait for each other
    RETURN NULL;
END
$$;

-- The same for changes of statuses.
CREATE FUNCTION case_api.list_changed_statuses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    DELETE FROM case_api.case_statuses s USING (
        SELECT dealer, case_api.status_order(status) AS status, created_at, web_case_id, case_id, created_by FROM old_cases
        EXCEPT
        SELECT dealer, case_api.status_order(status), created_at, web_case_id, case_id, created_by FROM new_cases
    ) o
    WHERE (s.dealer, s.status, s.created_at, s.web_case_id) = (o.dealer, o.status, o.created_at, o.web_case_id);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO case_api.case_statuses (dealer, status, created_at, web_case_id, case_id, creator)
    SELECT dealer, status, created_at, web_case_id, case_id, lower(created_by COLLATE pg_c_utf8) FROM (
        SELECT dealer, case_api.status_order(status) AS status, created_at, web_case_id, case_id, created_by FROM new_cases
        EXCEPT
        SELECT dealer, case_api.status_order(status), created_at, web_case_id, case_id, created_by FROM old_cases
    ) n
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- Ids and creators hardly ever change: a row at a time.
CREATE FUNCTION case_api.list_changed_ids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.dealer <> OLD.dealer THEN
        DELETE FROM case_api.case_ids WHERE web_case_id = OLD.web_case_id AND dealer = OLD.dealer;
    END IF;
    INSERT INTO case_api.case_ids (web_case_id, dealer, created_at, case_id, creator)
    VALUES (NEW.web_case_id, NEW.dealer, NEW.created_at, NEW.case_id, lower(NEW.created_by COLLATE pg_c_utf8))
    ON CONFLICT (web_case_id, dealer) DO UPDATE
    SET created_at = excluded.created_at, case_id = excluded.case_id, creator = excluded.creator;
    IF NEW.created_by IS DISTINCT FROM OLD.created_by OR NEW.dealer <> OLD.dealer THEN
        INSERT INTO case_api.case_creators (dealer, name)
        SELECT NEW.dealer, lower(NEW.created_by COLLATE pg_c_utf8) WHERE NEW.created_by IS NOT NULL
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION case_api.list_cases(), case_api.list_changed_statuses(), case_api.list_changed_ids() FROM PUBLIC;
DROP FUNCTION case_api.keep_case_status() CASCADE; -- and its triggers
CREATE TRIGGER cases_added AFTER INSERT ON case_api.cases REFERENCING NEW TABLE AS new_cases
FOR EACH STATEMENT EXECUTE FUNCTION case_api.list_cases();
CREATE TRIGGER cases_statuses_changed AFTER UPDATE ON case_api.cases REFERENCING OLD TABLE AS old_cases NEW TABLE AS new_cases
FOR EACH STATEMENT EXECUTE FUNCTION case_api.list_changed_statuses();
CREATE TRIGGER cases_ids_changed AFTER UPDATE ON case_api.cases FOR EACH ROW
WHEN ((OLD.dealer, OLD.created_at, OLD.case_id, OLD.created_by)
    IS DISTINCT FROM (NEW.dealer, NEW.created_at, NEW.case_id, NEW.created_by))
EXECUTE FUNCTION case_api.list_changed_ids();
CREATE TRIGGER cases_deleted AFTER DELETE ON case_api.cases REFERENCING OLD TABLE AS old_cases
FOR EACH STATEMENT EXECUTE FUNCTION case_api.list_cases();
CREATE TRIGGER cases_emptied AFTER TRUNCATE ON case_api.cases FOR EACH STATEMENT EXECUTE FUNCTION case_api.list_cases();
