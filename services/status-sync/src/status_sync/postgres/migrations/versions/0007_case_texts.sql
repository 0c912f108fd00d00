-- Whose each case of D365 was when its text was first seen there, so that a case which changes hands carries nobody else's text along. The
-- text itself is not kept, only its digest; also of cases that no dealer sees, for they may become a dealer's.
CREATE TABLE case_texts (
    data_area_id text COLLATE "C" NOT NULL,
    case_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    written_area text COLLATE "C" NOT NULL,
    written_account text COLLATE "C" NOT NULL,
    written_type text COLLATE "C",
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (data_area_id, case_id)
);
GRANT SELECT, INSERT, UPDATE ON case_texts TO status_sync;
