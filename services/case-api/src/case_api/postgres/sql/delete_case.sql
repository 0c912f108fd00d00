-- Deletes a draft that was never submitted, and the answer to the key that added it: the key itself stays, and adds nothing more.
-- Returns no row if no such case exists; `deleted` says whether it was at one of the versions.
-- $1 dealer, $2 web_case_id, $3 versions int[]
WITH known AS MATERIALIZED (
    SELECT phase, submission_no, version FROM cases WHERE dealer = $1 AND web_case_id = $2
), gone AS (
    DELETE FROM cases
    WHERE dealer = $1 AND web_case_id = $2 AND phase = 'draft' AND submission_no = 0 AND version = ANY ($3::integer[])
    RETURNING web_case_id
), forgotten AS (
    UPDATE idempotency_keys k SET answer = '{}' FROM gone WHERE k.web_case_id = gone.web_case_id
)
SELECT known.*, EXISTS (SELECT FROM gone) AS deleted FROM known
