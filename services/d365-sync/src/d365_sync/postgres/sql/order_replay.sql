-- Orders a replay: stores the order and its dead letters: those that match now, or those of a dry run as they were then
-- (the steps leave out those that have changed since). `replay_id` is null if the key was used before, or if a replay
-- of the same dead letters is open.
-- $1 idempotency key text or null, $2 hash of the request bytea, $3 hash of query and dry run bytea, $4 query jsonb, $5
-- dry run boolean, $6 actor text[] (name, subject, issuer), $7 reason text, $8 dealer text, $9 cause text, $10 older
-- than seconds float, $11 text to be found (LIKE pattern), $12 the dry run uuid; null for no filter
WITH matching AS MATERIALIZED (
    SELECT web_case_id, submission_no, revision, row_number() OVER (ORDER BY created_at, web_case_id, submission_no) AS place
    FROM documents
    WHERE $12::uuid IS NULL AND state = 'failed'
        AND ($8::text IS NULL OR dealer = $8::text)
        AND ($9::text IS NULL OR cause = $9::text)
        AND ($10::float8 IS NULL OR submitted_at <= now() - make_interval(secs => $10::float8))
        AND ($11::text IS NULL OR concat_ws(' ', web_case_id || '-' || submission_no, case_id, submission_id, dealer, reason, detail) ILIKE $11::text
            OR dealer IN (SELECT named.dealer FROM status_sync.dealers AS named WHERE named.name ILIKE $11::text))
    UNION ALL
    SELECT web_case_id, submission_no, revision, place FROM replay_documents WHERE replay_id = $12::uuid
), ordered AS (
    INSERT INTO replays (idempotency_key, request_hash, query_hash, query, dry_run, actor, actor_subject, actor_issuer, reason, documents, state, ended_at,
        dry_run_id)
    SELECT
        $1::text, $2::bytea, $3::bytea, $4::jsonb, $5::boolean, ($6::text[])[1], ($6::text[])[2], ($6::text[])[3], $7::text, count(*)::int,
        CASE WHEN count(*) = 0 THEN 'completed' ELSE 'running' END, CASE WHEN count(*) = 0 THEN now() END, $12::uuid
    FROM matching
    -- The same key from before subjects were stored; an index keeps the others unique.
    HAVING NOT EXISTS (
        SELECT FROM replays WHERE idempotency_key = $1::text AND actor_subject IS NULL AND actor = ($6::text[])[1]
    )
    ON CONFLICT DO NOTHING
    RETURNING replay_id
), listed AS (
    INSERT INTO replay_documents (replay_id, place, web_case_id, submission_no, revision)
    SELECT replay_id, place, web_case_id, submission_no, revision FROM ordered CROSS JOIN matching
), noted AS (
    INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, fields, replay_id)
    SELECT
        ($6::text[])[1], ($6::text[])[2], ($6::text[])[3], CASE WHEN $5::boolean THEN 'dry_run' ELSE 'replay_all' END, $7::text,
        ARRAY (SELECT jsonb_object_keys(jsonb_strip_nulls($4::jsonb))), replay_id
    FROM ordered
)
SELECT (SELECT replay_id FROM ordered) AS replay_id
