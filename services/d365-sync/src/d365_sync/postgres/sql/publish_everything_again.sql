-- Has the state of every document published again, once: after a restore, or after the topics were created again.
-- Locks rows in one order, so that it and a batch that stores outcomes never wait for each other.
WITH held AS (
    SELECT web_case_id, submission_no FROM documents WHERE published_revision >= revision
    ORDER BY web_case_id, submission_no
    FOR UPDATE
)
UPDATE documents AS d SET published_revision = d.revision - 1 FROM held
WHERE d.web_case_id = held.web_case_id AND d.submission_no = held.submission_no
