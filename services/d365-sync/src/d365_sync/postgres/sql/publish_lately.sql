-- Has the state of documents published again, once: after a restore, or after the topics were created again. Those that changed in the
-- week for which Kafka keeps records, and those of which case-api has another state; not every document there ever was.
-- Locks rows in one order, so that it and a batch that stores outcomes never wait for each other.
WITH held AS (
    SELECT d.web_case_id, d.submission_no
    FROM documents AS d LEFT JOIN case_api.submission_states AS x USING (web_case_id, submission_no)
    WHERE d.published_revision >= d.revision
        AND (d.changed_at > now() - interval '7 days' OR x.revision IS DISTINCT FROM d.revision)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
)
UPDATE documents AS d SET published_revision = d.revision - 1 FROM held
WHERE d.web_case_id = held.web_case_id AND d.submission_no = held.submission_no
