-- After a restore of the database, what it knows about D365 may be outdated: has every open document looked up before
-- it is sent.
-- $1 actor text[] (name, subject, issuer), $2 reason text
WITH changed AS (
    UPDATE delivery_control SET restored_at = now() RETURNING true
), held AS (
    SELECT web_case_id, submission_no FROM documents
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred') AND NOT read_back_first
    ORDER BY web_case_id, submission_no
    FOR UPDATE
), open AS (
    UPDATE documents AS d SET read_back_first = true FROM held
    WHERE d.web_case_id = held.web_case_id AND d.submission_no = held.submission_no
    RETURNING true
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason)
SELECT ($1::text[])[1], ($1::text[])[2], ($1::text[])[3], 'restored', $2::text FROM changed
