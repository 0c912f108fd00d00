-- Makes cases drafts again, each only while the returned submission is its current one.
-- $1 web_case_id[], $2 submission_no[]
WITH returned AS MATERIALIZED (
    SELECT c.web_case_id
    FROM cases c JOIN unnest($1::text[], $2::integer[]) r (web_case_id, submission_no) USING (web_case_id, submission_no)
    WHERE c.phase = 'submitted'
    ORDER BY c.web_case_id
    FOR UPDATE OF c
)
UPDATE cases SET phase = 'draft', version = version + 1, updated_at = now()
FROM returned WHERE cases.web_case_id = returned.web_case_id
RETURNING cases.web_case_id
