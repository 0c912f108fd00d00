-- Text as searches compare it: case_api/domain/searched_text.py does the same to what is typed. ASCII, which most text is, is only
-- lower-cased.
CREATE OR REPLACE FUNCTION case_api.folded(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(value) = char_length(value) THEN
        RETURN lower(value COLLATE "C");
    END IF;
    RETURN translate(
        casefold(normalize(value, NFKC) COLLATE pg_catalog.pg_unicode_fast),
        U&'\0131\2010\2011\2012\2013\2014\2015\2212\02D7\2043\2018\2019\201A\201B\02BC\201C\201D\201E\201F\00AB\00BB'
        '\0307\00AD\034F\061C\180E\2060\2061\2062\2063\2064\FEFF\200B\200C\200D\200E\200F\202A\202B\202C\202D\202E\2066\2067\2068\2069\206A\206B\206C\206D\206E\206F\FE00\FE01\FE02\FE03\FE04\FE05\FE06\FE07\FE08\FE09\FE0A\FE0B\FE0C\FE0D\FE0E\FE0F',
        'i---------''''''''''""""""'
    );
END
$$;
