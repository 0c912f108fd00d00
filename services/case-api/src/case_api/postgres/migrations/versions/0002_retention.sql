-- What is kept for a configured time only: the content of submissions that are at an end, and Idempotency-Keys.
-- A submission itself stays for ever: its ids are what prevents doubles, and the ledger counts it.
ALTER TABLE case_api.submissions ALTER COLUMN content DROP NOT NULL;

-- Submissions stay append-only but for this: a content may go, never come or change.
CREATE FUNCTION case_api.refuse_new_content() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the content of submission %-% can only be emptied', OLD.web_case_id, OLD.submission_no USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER submissions_emptied BEFORE UPDATE ON case_api.submissions FOR EACH ROW
WHEN (NEW.content IS NOT NULL)
EXECUTE FUNCTION case_api.refuse_new_content();
GRANT UPDATE (content) ON case_api.submissions TO case_api;

-- When the content of the submission was emptied; it stands here, beside the state that permits it, so that one index finds what is due.
ALTER TABLE case_api.submission_states ADD COLUMN emptied_at timestamptz;
CREATE INDEX submission_states_to_empty ON case_api.submission_states (state_at)
    WHERE emptied_at IS NULL AND state IN ('delivered', 'returned', 'discarded');

-- Who deletes locks first (FOR UPDATE SKIP LOCKED), which takes the right to update a column.
GRANT DELETE, UPDATE (created_at) ON case_api.idempotency_keys TO case_api;
