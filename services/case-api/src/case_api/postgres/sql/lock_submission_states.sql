-- Locks the states of submissions in the order of their key, as the outbox's reader does, so that neither waits for the other forever.
-- What is read from d365-sync after this is at least as new as any state that is already stored.
-- $1 web_case_id[], $2 submission_no[]
SELECT x.web_case_id, x.submission_no
FROM submission_states x JOIN unnest($1::text[], $2::integer[]) AS named (web_case_id, submission_no) USING (web_case_id, submission_no)
ORDER BY x.web_case_id, x.submission_no
FOR UPDATE OF x
