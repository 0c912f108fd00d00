-- Orders a replay: notes the order, and the dead letters that it is given for, as they are now.
-- `replay_id` is null where the key was used before, a replay of the same dead letters is open, or they are not as many as expected.
-- $1 idempotency key text or null, $2 hash of the request bytea, $3 hash of query and dry run bytea, $4 query jsonb, $5 dry run boolean,
-- $6 actor text, $7 reason text, $8 dealer text, $9 cause text, $10 older than seconds float, $11 text to be found (LIKE pattern), $12 how many are expected int; null for no filter
WITH matching AS MATERIALIZED (
    SELECT web_case_id, submission_no, revision, row_number() OVER (ORDER BY created_at, web_case_id, submission_no) AS place
    FROM documents
    WHERE state = 'failed'
        AND ($8::text IS NULL OR dealer = $8::text)
        AND ($9::text IS NULL OR cause = $9::text)
        AND ($10::float8 IS NULL OR submitted_at <= now() - make_interval(secs => $10::float8))
        AND ($11::text IS NULL OR concat_ws(' ', web_case_id, case_id, reason, detail) ILIKE $11::text)
), ordered AS (
    INSERT INTO replays (idempotency_key, request_hash, query_hash, query, dry_run, actor, reason, documents, state, ended_at)
    SELECT
        $1::text, $2::bytea, $3::bytea, $4::jsonb, $5::boolean, $6::text, $7::text, count(*)::int,
        CASE WHEN count(*) = 0 THEN 'completed' ELSE 'running' END, CASE WHEN count(*) = 0 THEN now() END
    FROM matching
    HAVING $12::int IS NULL OR count(*) = $12::int
    ON CONFLICT DO NOTHING
    RETURNING replay_id
), listed AS (
    INSERT INTO replay_documents (replay_id, place, web_case_id, submission_no, revision)
    SELECT replay_id, place, web_case_id, submission_no, revision FROM ordered CROSS JOIN matching
), noted AS (
    INSERT INTO audit (actor, action, reason, fields, replay_id)
    SELECT
        $6::text, CASE WHEN $5::boolean THEN 'dry_run' ELSE 'replay_all' END, $7::text,
        ARRAY (SELECT jsonb_object_keys(jsonb_strip_nulls($4::jsonb))), replay_id
    FROM ordered
)
SELECT (SELECT replay_id FROM ordered) AS replay_id, (SELECT count(*)::int FROM matching) AS documents
