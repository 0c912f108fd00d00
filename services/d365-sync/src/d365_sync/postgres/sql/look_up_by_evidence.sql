-- Has documents looked up because D365 shows a case with their Web Case ID, but not which submission it is.
-- A look-up under way may have begun before: the document is looked up again after it, and no POST follows it
-- (begin_posts).
-- $1 web_case_id text[]
WITH seen AS (
    SELECT web_case_id, submission_no FROM documents
    WHERE web_case_id = ANY($1::text[]) AND state <> 'delivered' AND content IS NOT NULL
    ORDER BY web_case_id, submission_no
    FOR UPDATE
)
UPDATE documents AS d SET
    verify_at = CASE WHEN d.state NOT IN ('pending', 'deferred') THEN now() END,
    due_at = CASE WHEN d.state IN ('pending', 'deferred') THEN now() ELSE d.due_at END,
    read_back_first = true
FROM seen
WHERE d.web_case_id = seen.web_case_id AND d.submission_no = seen.submission_no
RETURNING d.web_case_id, d.submission_no
