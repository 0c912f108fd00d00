-- Notes what D365 stored differently from what was sent, if the document is still linked to that case. A difference is
-- an alarm.
-- $1 web_case_id text, $2 submission_no int, $3 case_id text, $4 [{field, sent, stored}] jsonb
UPDATE documents AS d SET
    differences = nullif($4::jsonb, '[]'),
    compare_at = NULL,
    alarms = CASE WHEN $4::jsonb <> '[]' THEN array_remove(d.alarms, 'stored_differently') || '{stored_differently}'::text[] ELSE d.alarms END,
    alarm_since = CASE WHEN $4::jsonb <> '[]' THEN coalesce(d.alarm_since, now()) ELSE d.alarm_since END,
    revision = d.revision + ($4::jsonb <> '[]')::int,
    changed_at = CASE WHEN $4::jsonb <> '[]' THEN now() ELSE d.changed_at END
WHERE d.web_case_id = $1::text AND d.submission_no = $2::int AND d.case_id = $3::text AND d.compare_at IS NOT NULL
    AND d.content IS NOT NULL
