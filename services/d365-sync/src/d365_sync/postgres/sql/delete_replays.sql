-- Deletes a replay that ended long ago, its list of documents first; returns how many rows. The audit keeps what was
-- done and why.
-- $1 seconds since its end float; 500 rows at most, a constant so that the planner expects few
WITH ended AS MATERIALIZED (
    SELECT replay_id FROM replays
    WHERE ended_at < now() - make_interval(secs => $1::float8)
    ORDER BY ended_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), listed AS MATERIALIZED (
    SELECT d.replay_id, d.place FROM replay_documents AS d JOIN ended USING (replay_id) ORDER BY d.place LIMIT 500
), shortened AS (
    DELETE FROM replay_documents AS d USING listed WHERE d.replay_id = listed.replay_id AND d.place = listed.place
), gone AS (
    DELETE FROM replays AS r USING ended WHERE r.replay_id = ended.replay_id AND NOT EXISTS (SELECT FROM listed)
)
SELECT (SELECT count(*) FROM listed) + (SELECT count(*) FROM ended WHERE NOT EXISTS (SELECT FROM listed))
