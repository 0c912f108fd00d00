-- Notes the revisions that Kafka has, and drops refusals that they settle.
-- $1 web_case_id text[], $2 submission_no int[], $3 revision int[]
WITH published AS (
    SELECT d.web_case_id, d.submission_no, p.revision
    FROM unnest($1::text[], $2::int[], $3::int[]) AS p (web_case_id, submission_no, revision)
    JOIN documents AS d USING (web_case_id, submission_no)
    ORDER BY d.web_case_id, d.submission_no
    FOR UPDATE OF d
), accepted AS (
    DELETE FROM refused_events AS r USING published AS p
    WHERE r.web_case_id = p.web_case_id AND r.submission_no = p.submission_no AND r.revision <= p.revision
)
UPDATE documents AS d SET published_revision = greatest(d.published_revision, p.revision)
FROM published AS p
WHERE d.web_case_id = p.web_case_id AND d.submission_no = p.submission_no
