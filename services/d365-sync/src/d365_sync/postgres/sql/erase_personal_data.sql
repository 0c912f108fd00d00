-- Empties the personal data of cases at once, except those on their way to D365; an audit entry and a row for each
-- emptied case.
-- $1 web_case_id text[], $2 actor text[] (name, subject, issuer), $3 reason text
WITH emptied AS MATERIALIZED (
    SELECT unnest(empty_personal_data($1::text[])) AS web_case_id
)
INSERT INTO audit (actor, actor_subject, actor_issuer, action, web_case_id, reason, fields)
SELECT ($2::text[])[1], ($2::text[])[2], ($2::text[])[3], 'erase', web_case_id, $3::text, '{contact,description,notes}'::text[] FROM emptied
RETURNING web_case_id
