-- Lets a paused consumer set its unreadable records aside and go on for ten minutes, however many they are.
-- $1 actor text[] (name, subject, issuer), $2 reason text, $3 consumer group text
WITH changed AS (
    UPDATE paused_consumers SET let_through_until = now() + interval '10 minutes' WHERE consumer_group = $3::text RETURNING consumer_group
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, reason, fields)
SELECT ($1::text[])[1], ($1::text[])[2], ($1::text[])[3], 'let_through', $2::text, ARRAY[consumer_group] FROM changed
