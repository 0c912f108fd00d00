-- Takes submissions into the document queue. Those that it holds already have their state published again: their sender has heard nothing.
-- A row for each that is held with another submission's id, which cannot be.
-- $1 web_case_id text[], $2 submission_no int[], $3 submission_id uuid[], $4 dealer text[], $5 data_area_id text[], $6 customer_account text[],
-- $7 content text[] (JSON), $8 created_by text[], $9 submitted_at timestamptz[], $10 traceparent text[]
WITH incoming AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::text[])
        AS t (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by, submitted_at, traceparent)
), inserted AS (
    INSERT INTO documents (
        web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by, submitted_at, traceparent,
        read_back_first
    )
    SELECT web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content::jsonb, created_by, submitted_at,
        traceparent, submission_no > 1
    FROM incoming
    -- One order for all, so that two replicas never wait for each other.
    ORDER BY web_case_id, submission_no
    ON CONFLICT (web_case_id, submission_no) DO NOTHING
), held AS (
    -- Rows inserted above are not seen here.
    UPDATE documents AS d SET published_revision = least(d.published_revision, d.revision - 1)
    FROM incoming AS i
    WHERE d.web_case_id = i.web_case_id AND d.submission_no = i.submission_no
    RETURNING d.web_case_id, d.submission_no, d.submission_id <> i.submission_id AS conflicts
)
SELECT web_case_id, submission_no FROM held WHERE conflicts
