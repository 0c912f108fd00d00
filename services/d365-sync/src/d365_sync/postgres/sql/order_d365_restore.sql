-- Stores the order to look up, after a restore of D365, all that was delivered since then. No row if such an order is
-- already running. D365's clock, which `since` is read from, may be ahead of ours: what was delivered shortly before is looked up, too.
-- $1 since timestamptz, $2 dry_run boolean, $3 actor text[] (name, subject, issuer), $4 reason text
WITH ordered AS (
    INSERT INTO d365_restores (since, dry_run, actor, actor_subject, actor_issuer, reason)
    VALUES ($1::timestamptz, $2::boolean, ($3::text[])[1], ($3::text[])[2], ($3::text[])[3], $4::text)
    ON CONFLICT (state) WHERE state = 'running' DO NOTHING
    RETURNING restore_id
), listed AS (
    INSERT INTO d365_restore_documents (restore_id, place, web_case_id, submission_no, data_area_id)
    SELECT o.restore_id, row_number() OVER (ORDER BY d.data_area_id, d.delivered_at, d.web_case_id, d.submission_no),
        d.web_case_id, d.submission_no, d.data_area_id
    FROM ordered AS o CROSS JOIN documents AS d
    WHERE d.state = 'delivered' AND d.delivered_at >= $1::timestamptz - interval '10 minutes'
), noted AS (
    INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, fields)
    SELECT ($3::text[])[1], ($3::text[])[2], ($3::text[])[3], CASE WHEN $2::boolean THEN 'd365_restored_dry_run' ELSE 'd365_restored' END, $4::text, '{since}'::text[] FROM ordered
)
SELECT restore_id FROM ordered
