-- Stores cases of D365 with a submission of ours that already has another case, for d365-sync, which raises alarms. A repeat changes nothing.
-- $1 web_case_ids text[], $2 submission_ids uuid[], $3 case_ids text[], $4 when the read began timestamptz
INSERT INTO d365_sync.second_cases (web_case_id, submission_id, case_id, seen_at)
SELECT web_case_id, submission_id, case_id, $4::timestamptz
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS t (web_case_id, submission_id, case_id)
ON CONFLICT DO NOTHING
