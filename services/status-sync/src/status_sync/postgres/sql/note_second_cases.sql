-- Cases of D365 with a submission of ours that has another case already: for d365-sync, which makes alarms of them. Again: nothing more.
-- $1 web_case_ids text[], $2 submission_ids uuid[], $3 case_ids text[], $4 when the read began timestamptz
INSERT INTO d365_sync.second_cases (web_case_id, submission_id, case_id, seen_at)
SELECT web_case_id, submission_id, case_id, $4::timestamptz
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS t (web_case_id, submission_id, case_id)
ON CONFLICT DO NOTHING
