-- Where the record of a case is that moved to another legal entity, and so has another number there: when it moves on or comes back, the row
-- of the dealer that had it there goes.
CREATE TABLE moved_records (
    web_case_id text COLLATE "C" PRIMARY KEY,
    data_area_id text COLLATE "C" NOT NULL,
    case_id text COLLATE "C" NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON moved_records TO status_sync;
