-- A page of a replay's documents, oldest first: what the replay did with each, and its current state.
-- $1 replay_id uuid, $2 after this place int (0: from the first), $3 with this outcome text or null, $4 how many int
SELECT l.place, l.web_case_id, l.submission_no, l.outcome, l.detail, d.dealer, d.state, d.cause, d.case_id
FROM replay_documents AS l JOIN documents AS d USING (web_case_id, submission_no)
WHERE l.replay_id = $1::uuid AND l.place > $2::int AND ($3::text IS NULL OR l.outcome = $3::text)
ORDER BY l.place LIMIT $4::int
