-- A case with every possible copy of its texts; test_personal_data of d365_sync fills in id, state and at.
INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account) VALUES ('d', 'usmf', 'C') ON CONFLICT DO NOTHING;
INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, created_at, updated_at, category,
    description, contact_name, contact_email, contact_phone, notes, created_by, created_by_subject, created_by_issuer, submission_no,
    submitted_at)
VALUES ('{id}', 'd', 'usmf', 'C', 'portal', 'submitted', '{at}', '{at}', 'Warranty', 'zebra', 'zebra', 'zebra@x.example', 'zebra',
    'zebra', 'ann', 's-1', 'i', 1, '{at}');
INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content,
    created_by, submitted_by, submitted_at)
VALUES ('{id}', 1, gen_random_uuid(), 'd', 'usmf', 'C', '{{"contact": {{"email": "zebra@x.example"}}}}', 'ann', 'ann', '{at}');
INSERT INTO case_api.submission_states (web_case_id, submission_no, state, state_at, reason, resend_at)
VALUES ('{id}', 1, '{state}', '{at}', 'zebra', now());
INSERT INTO case_api.submission_changes VALUES ('{id}', 1, 1, '{state}', NULL, 'zebra', NULL, '{at}');
INSERT INTO case_api.outbox (web_case_id, submission_no, topic, value, headers) VALUES ('{id}', 1, 't', convert_to('zebra', 'UTF8'), '[]');
INSERT INTO case_api.idempotency_keys (dealer, subject, key, request_hash, answer)
SELECT 'd', 's-1', '{id}', '\x'::bytea, to_jsonb(c) FROM case_api.cases c WHERE web_case_id = '{id}'
UNION ALL SELECT 'd', 's-1', '{id}-s', '\x', '{{"submitted_case": "{id}", "reason": "zebra"}}';
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
    submitted_at, state, case_id, reason, detail, given_reason, read_back_first, due_at, changed_at)
SELECT web_case_id, 1, submission_id, 'd', 'usmf', 'C', content, 'ann', '{at}', '{state}', '{id}', 'zebra', 'zebra', 'zebra', true,
    'infinity', '{at}' FROM case_api.submissions WHERE web_case_id = '{id}';
INSERT INTO d365_sync.attempts (web_case_id, submission_no, attempt_no, kind, started_at, why, request, answer)
VALUES ('{id}', 1, 1, 'create', '{at}', 'zebra', '"zebra"', 'zebra');
INSERT INTO d365_sync.notes (web_case_id, submission_no, author, text) VALUES ('{id}', 1, 'olga', 'zebra');
INSERT INTO d365_sync.audit (actor, action, web_case_id, submission_no, reason) VALUES ('olga', 'replay', '{id}', 1, 'zebra');
WITH ordered AS (
    INSERT INTO d365_sync.replays (state, dry_run, query, query_hash, actor, reason, request_hash, documents)
    VALUES ('completed', true, '{{}}', '', 'olga', 'all', '', 1) RETURNING replay_id
)
INSERT INTO d365_sync.replay_documents SELECT replay_id, 1, '{id}', 1, 1, 'still_invalid', 'zebra' FROM ordered;
