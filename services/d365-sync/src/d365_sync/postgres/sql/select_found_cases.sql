-- All cases of the next few Web Case IDs of a comparison. $1 comparison uuid, $2 after this web_case_id text, $3 how
-- many int
SELECT f.web_case_id, f.data_area_id, f.case_id, f.customer_account, f.submission_id
FROM found_cases AS f
WHERE f.comparison = $1::uuid AND f.web_case_id > $2::text AND f.web_case_id <= (
    SELECT max(next.web_case_id) FROM (
        SELECT DISTINCT web_case_id FROM found_cases
        WHERE comparison = $1::uuid AND web_case_id > $2::text ORDER BY web_case_id LIMIT $3::int
    ) AS next
)
ORDER BY f.web_case_id
