-- The dealer's cases with personal data of the case, user or contact asked for, and whether each is on its way to D365.
-- $1 dealer text; one of $2 web_case_id text, $3 user (name or subject) text, $4 contact (name, e-mail address or phone
-- number) text
WITH found AS (
    SELECT id AS web_case_id FROM case_api.cases_of_person($1::text, $2::text, $3::text, $4::text) AS id
    UNION
    -- Also what an operator edited for a replay, and what was sent before.
    SELECT d.web_case_id FROM documents AS d
    WHERE d.dealer = $1::text AND $4::text IS NOT NULL AND (
        lower($4::text) IN (
            lower(d.content #>> '{contact,name}'), lower(d.content #>> '{contact,email}'), lower(d.content #>> '{contact,phone}')
        )
        OR EXISTS (
            SELECT FROM attempts AS a
            WHERE a.web_case_id = d.web_case_id AND a.submission_no = d.submission_no
                AND strpos(lower(a.request), lower(to_jsonb($4::text)::text)) > 0
        )
    )
)
SELECT
    web_case_id,
    EXISTS (
        SELECT FROM case_api.submission_states AS x
        WHERE x.web_case_id = found.web_case_id AND x.state IN ('pending', 'delivering', 'verifying', 'deferred')
    ) OR EXISTS (
        SELECT FROM documents AS d
        WHERE d.web_case_id = found.web_case_id
            AND (d.state IN ('pending', 'delivering', 'verifying', 'deferred') OR d.lease_token IS NOT NULL)
    ) AS on_its_way
FROM found ORDER BY web_case_id
