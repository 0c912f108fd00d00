-- Makes a delivered submission the current one again, with its content: D365 has the case after all, though it was returned to the dealer,
-- or even submitted again. If it was emptied since, the case keeps its content. If two were delivered, the current one stays current.
-- Locks the case before it looks at its state: it then sees a resubmission that commits meanwhile, whose own state may not be visible yet.
-- $1 web_case_id[], $2 submission_no[]
WITH locked AS MATERIALIZED (
    SELECT
        c.web_case_id, c.phase, c.submission_no AS current_no, d.submission_no,
        jsonb_build_object(
            'category', c.category, 'category_type', c.category_type, 'priority', c.priority, 'description', c.description,
            'notes', c.notes,
            'contact', jsonb_build_object('name', c.contact_name, 'email', c.contact_email, 'phone', c.contact_phone)
        ) AS content
    FROM cases c JOIN unnest($1::text[], $2::integer[]) d (web_case_id, submission_no) USING (web_case_id)
    ORDER BY c.web_case_id
    FOR UPDATE OF c
), delivered AS MATERIALIZED (
    SELECT l.web_case_id, s.submission_no, s.submitted_at, coalesce(s.content, l.content) AS content
    FROM locked l
    JOIN submissions s USING (web_case_id, submission_no)
    LEFT JOIN submission_states x ON x.web_case_id = l.web_case_id AND x.submission_no = l.current_no
    WHERE l.phase = 'draft' OR (l.current_no <> l.submission_no AND x.state IS DISTINCT FROM 'delivered')
)
UPDATE cases SET
    phase = 'submitted', submission_no = d.submission_no, submitted_at = d.submitted_at, updated_at = now(),
    version = version + 1, submitted_version = version + 1,
    category = d.content ->> 'category', category_type = d.content ->> 'category_type',
    priority = d.content ->> 'priority', description = d.content ->> 'description', notes = d.content ->> 'notes',
    contact_name = d.content -> 'contact' ->> 'name', contact_email = d.content -> 'contact' ->> 'email',
    contact_phone = d.content -> 'contact' ->> 'phone'
FROM delivered d WHERE cases.web_case_id = d.web_case_id
RETURNING cases.web_case_id
