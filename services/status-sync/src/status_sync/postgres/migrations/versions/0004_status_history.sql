-- Each status that D365 gave a case, as dealers see it, and when the read began that showed it first: the case's timeline tells it.
CREATE TABLE status_changes (
    web_case_id text COLLATE "C" NOT NULL,
    as_of timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('submitted', 'in_process', 'open', 'closed', 'canceled')),
    d365_status text,
    PRIMARY KEY (web_case_id, as_of)
);
-- Rows go where a case born in D365 is merged into another or taken out of its dealer's sight; none ever changes.
GRANT SELECT, INSERT, DELETE ON status_changes TO status_sync;
GRANT SELECT (web_case_id, as_of, status) ON status_changes TO case_api;
