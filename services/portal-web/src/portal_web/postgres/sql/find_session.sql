-- A session that has not ended, by its time or for want of use. $1 id bytea, $2 double precision minutes without use
SELECT content, version, extract(epoch FROM now() - used_at)::double precision AS idle_seconds
FROM sessions
WHERE id = $1 AND expires_at > now() AND used_at > now() - $2::double precision * interval '1 minute'
