-- The list's one index (docs/adr/0026): what it holds is compared and sorted without reading a row.

-- What a search looks through, in three lines that no search holds. Nobody has ids and a name of more than 300 characters in all; an
-- index takes no entry of any length.
CREATE OR REPLACE FUNCTION case_api.searched(web_case_id text, case_id text, created_by text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(case_api.folded(web_case_id || E'\n' || coalesce(case_id, '') || E'\n' || coalesce(created_by, '')), 300)
$$;

-- A scan of an index alone still reads each row whose page has changed since the last vacuum: it comes after one change in a hundred.
ALTER TABLE case_api.cases SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

-- The alphabets that lists sort what people write by, ignoring case; named as case_api.domain.list_query.Collation has them.
CREATE COLLATION IF NOT EXISTS case_api.list_und (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION IF NOT EXISTS case_api.list_en (provider = icu, locale = 'en-u-ks-level2', deterministic = false);
CREATE COLLATION IF NOT EXISTS case_api.list_de (provider = icu, locale = 'de-u-ks-level2', deterministic = false);
CREATE COLLATION IF NOT EXISTS case_api.list_is (provider = icu, locale = 'is-u-ks-level2', deterministic = false);

-- As before, but what most cases are comes first: a list that is sorted by status asks it of each.
CREATE OR REPLACE FUNCTION case_api.status_order(status text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE status
        WHEN 'closed' THEN 4::smallint WHEN 'open' THEN 3::smallint WHEN 'in_process' THEN 2::smallint
        WHEN 'canceled' THEN 5::smallint WHEN 'submitted' THEN 1::smallint WHEN 'draft' THEN 0::smallint
    END
$$;
