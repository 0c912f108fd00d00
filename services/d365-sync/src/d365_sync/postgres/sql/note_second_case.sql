-- Marks a second case as noted with its document.
-- $1 web_case_id text, $2 submission_id uuid, $3 case_id text
UPDATE second_cases SET noted = true WHERE web_case_id = $1::text AND submission_id = $2::uuid AND case_id = $3::text
