-- Takes submissions into the document queue, as case-api has stored them. A row for each that case-api has; `taken_in`:
-- it was new here.
-- $1 web_case_id text[], $2 submission_no int[], $3 submission_id uuid[], $4 traceparent text[]
WITH known AS MATERIALIZED (
    SELECT s.*, named.traceparent AS trace
    FROM (
        SELECT DISTINCT ON (web_case_id, submission_no, submission_id) *
        FROM unnest($1::text[], $2::int[], $3::uuid[], $4::text[]) AS t (web_case_id, submission_no, submission_id, traceparent)
    ) AS named
    JOIN case_api.submissions AS s USING (web_case_id, submission_no, submission_id)
), inserted AS (
    INSERT INTO documents (
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
        created_by_subject, created_by_issuer, submitted_at, traceparent, read_back_first
    )
    SELECT
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
        created_by_subject, created_by_issuer, submitted_at, trace, submission_no > 1
    FROM known
    -- If its personal data was emptied, the case had ended, so its document is here already.
    WHERE content IS NOT NULL
    -- All insert in one order, so that two replicas never wait for each other.
    ORDER BY web_case_id, submission_no
    ON CONFLICT (web_case_id, submission_no) DO NOTHING
    RETURNING web_case_id, submission_no
)
SELECT
    web_case_id, submission_no, submission_id,
    -- Hashed, whatever the planner expects: it expects one row, and would join all with all.
    (web_case_id, submission_no) IN (SELECT web_case_id, submission_no FROM inserted) AS taken_in
FROM known
