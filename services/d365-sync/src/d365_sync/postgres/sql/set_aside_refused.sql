-- Sets aside a revision that Kafka refuses, or that fits no event; retries wait twice as long each time, up to an hour.
-- $1 web_case_id text, $2 submission_no int, $3 revision int, $4 refusal text
INSERT INTO refused_events AS r (web_case_id, submission_no, revision, refusal, retry_at)
VALUES ($1::text, $2::int, $3::int, $4::text, clock_timestamp() + interval '1 minute')
ON CONFLICT (web_case_id, submission_no) DO UPDATE SET
    revision = excluded.revision, refusals = r.refusals + 1, refusal = excluded.refusal,
    retry_at = clock_timestamp() + least(interval '1 minute' * 2.0 ^ least(r.refusals, 10), interval '1 hour')
