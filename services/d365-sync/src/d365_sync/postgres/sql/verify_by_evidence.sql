-- Has documents looked up because D365 shows a case with their Web Case ID, but not which submission it is.
-- $1 web_case_id text[]
UPDATE documents SET
    verify_at = CASE WHEN state IN ('pending', 'deferred', 'delivering') THEN verify_at ELSE now() END,
    due_at = CASE WHEN state IN ('pending', 'deferred') THEN now() ELSE due_at END,
    read_back_first = true
WHERE web_case_id = ANY($1::text[]) AND state <> 'delivered' AND content IS NOT NULL
RETURNING web_case_id, submission_no
