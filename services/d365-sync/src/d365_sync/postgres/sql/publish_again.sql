-- Has the state of documents published again, once: their sender has no news of them.
-- A row for each; `conflicts` is true if the queue has it with another submission's ID, which must never happen.
-- $1 web_case_id text[], $2 submission_no int[], $3 submission_id uuid[]
WITH heard_again AS (
    SELECT d.web_case_id, d.submission_no, i.submission_id
    FROM unnest($1::text[], $2::int[], $3::uuid[]) AS i (web_case_id, submission_no, submission_id)
    JOIN documents AS d USING (web_case_id, submission_no)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
)
UPDATE documents AS d SET published_revision = least(d.published_revision, d.revision - 1)
FROM heard_again AS h
WHERE d.web_case_id = h.web_case_id AND d.submission_no = h.submission_no
RETURNING d.web_case_id, d.submission_no, d.submission_id <> h.submission_id AS conflicts, d.traceparent
