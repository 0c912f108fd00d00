-- Stores the steps of a D365 check; keeps a step found by writing if this check did not write.
-- $1 environment text, $2 steps jsonb: [{"step", "place", "state", "message", "remedy", "findings", "written"}]
INSERT INTO d365_check_steps AS kept (environment, step, place, state, message, remedy, findings, written)
SELECT $1::text, step, place, state, message, remedy, findings, written
FROM jsonb_to_recordset($2::jsonb) AS found (
    step text, place smallint, state text, message text, remedy text, findings jsonb, written boolean
)
ORDER BY place
ON CONFLICT (environment, step) DO UPDATE SET
    place = excluded.place, state = excluded.state, message = excluded.message, remedy = excluded.remedy,
    findings = excluded.findings, written = excluded.written, checked_at = now(),
    since = CASE WHEN kept.state = excluded.state THEN kept.since ELSE now() END
WHERE excluded.written OR NOT kept.written
