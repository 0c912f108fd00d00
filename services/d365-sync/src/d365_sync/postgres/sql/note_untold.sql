-- Notes that revisions cannot be told to anybody, and why; they are tried again once their sender asks, or with their next change.
-- $1 web_case_id text[], $2 submission_no int[], $3 revision int[], $4 why text[]
WITH untold AS (
    SELECT d.web_case_id, d.submission_no, t.revision, t.why
    FROM unnest($1::text[], $2::int[], $3::int[], $4::text[]) AS t (web_case_id, submission_no, revision, why)
    JOIN documents AS d USING (web_case_id, submission_no)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
)
UPDATE documents AS d SET published_revision = greatest(d.published_revision, untold.revision), detail = untold.why
FROM untold
WHERE d.web_case_id = untold.web_case_id AND d.submission_no = untold.submission_no
