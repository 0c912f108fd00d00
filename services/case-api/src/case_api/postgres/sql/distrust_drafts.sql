-- After a restore: a draft may have been submitted since the backup, and D365 may have it. What counts up its number makes
-- its next submission read back first, whatever D365 says to a Web Case ID that it has already. Returns how many.
WITH distrusted AS (
    UPDATE cases SET submission_no = submission_no + 1 WHERE phase = 'draft' AND origin = 'portal' RETURNING true
)
SELECT count(*) FROM distrusted
