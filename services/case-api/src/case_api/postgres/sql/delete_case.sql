-- Deletes a draft that was never submitted, and the answer to the key that added it: the key itself stays, and adds nothing more.
-- Returns no row if no such case exists; `deleted` says whether it was at one of the versions.
-- $1 dealer, $2 web_case_id, $3 versions int[]
WITH known AS MATERIALIZED (
    SELECT
        c.phase, c.version,
        -- Not its number: a restore of the database counts up that of drafts, too (distrust_drafts.sql).
        EXISTS (SELECT FROM submissions s WHERE s.web_case_id = c.web_case_id) AS submitted
    FROM cases c WHERE c.dealer = $1 AND c.web_case_id = $2
), gone AS (
    DELETE FROM cases c USING known
    WHERE c.dealer = $1 AND c.web_case_id = $2 AND c.phase = 'draft' AND NOT known.submitted
        AND c.version = ANY ($3::integer[])
    RETURNING c.web_case_id
), forgotten AS (
    UPDATE idempotency_keys k SET answer = '{}' FROM gone WHERE k.web_case_id = gone.web_case_id
)
SELECT known.*, EXISTS (SELECT FROM gone) AS deleted FROM known
