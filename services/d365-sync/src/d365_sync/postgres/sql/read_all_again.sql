-- Makes status-sync's next poll start from the beginning, in a new round (its restart_poll.sql), so that it reads every case of D365 once.
-- $1 actor text[] (name, subject, issuer), $2 reason text
WITH restarted AS (
    UPDATE status_sync.sync_state SET modified_at = NULL, round = round + 1 WHERE name = 'poll'
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason)
SELECT ($1::text[])[1], ($1::text[])[2], ($1::text[])[3], 'read_again', $2::text
