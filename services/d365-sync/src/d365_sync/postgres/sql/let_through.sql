-- Lets a paused consumer keep its unreadable records apart and go on, however many they are, for ten minutes.
-- $1 actor text, $2 reason text, $3 consumer group text
WITH changed AS (
    UPDATE paused_consumers SET let_through_until = now() + interval '10 minutes' WHERE consumer_group = $3::text RETURNING consumer_group
)
INSERT INTO audit (actor, action, reason, fields) SELECT $1::text, 'let_through', $2::text, ARRAY[consumer_group] FROM changed
