-- Each end that a submission came to (delivered, failed, returned, discarded) and each step away from one (a replay, a restore): the
-- case's timeline tells them. What lies between are attempts, which the state itself holds.
CREATE TABLE case_api.submission_changes (
    web_case_id text COLLATE "C" NOT NULL,
    submission_no integer NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL,
    cause text,
    reason text,
    case_id text,
    at timestamptz NOT NULL,
    PRIMARY KEY (web_case_id, submission_no, revision)
);
GRANT SELECT, INSERT ON case_api.submission_changes TO case_api;
