-- After a restore: a draft may have been submitted since the backup, and D365 may have it. With its number counted up, its next
-- submission is looked up first, whatever D365 says to a Web Case ID that it already has. A returned draft's next number is at least 2
-- anyway, and its own one leads to why it came back. Returns how many.
WITH distrusted AS (
    UPDATE cases SET submission_no = submission_no + 1 WHERE phase = 'draft' AND origin = 'portal' AND submission_no = 0 RETURNING true
)
SELECT count(*) FROM distrusted
