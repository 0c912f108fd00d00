"""Stores what case-api has stored before it publishes an event, for tests of the event's readers."""

from case_shared.database.postgres import Connection
from case_shared.words.events import CaseDelivery, CaseSubmitted
from tests.support.databases import Database

_CASES = """
INSERT INTO case_api.cases (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, created_by, submitted_at, submission_no
)
SELECT DISTINCT ON (event ->> 'web_case_id')
    event ->> 'web_case_id', event ->> 'dealer', event ->> 'data_area_id', event ->> 'customer_account', 'portal',
    'submitted', event ->> 'created_by', (event ->> 'submitted_at')::timestamptz, (event ->> 'submission_no')::int
FROM (SELECT value::jsonb AS event FROM unnest($1::text[]) AS t (value)) AS t
ORDER BY event ->> 'web_case_id', (event ->> 'submission_no')::int DESC
ON CONFLICT (web_case_id) DO UPDATE SET submission_no = greatest(cases.submission_no, excluded.submission_no)
"""
_SUBMISSIONS = """
INSERT INTO case_api.submissions (
    web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
    submitted_by, submitted_at
)
SELECT
    event ->> 'web_case_id', (event ->> 'submission_no')::int, (event ->> 'submission_id')::uuid, event ->> 'dealer',
    event ->> 'data_area_id', event ->> 'customer_account', event -> 'content', event ->> 'created_by',
    event ->> 'created_by', (event ->> 'submitted_at')::timestamptz
FROM (SELECT value::jsonb AS event FROM unnest($1::text[]) AS t (value)) AS t
ON CONFLICT DO NOTHING
"""
_DOCUMENT = """
INSERT INTO d365_sync.documents AS d (
    web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, created_by, submitted_at,
    read_back_first, state, cause, reason, case_id, revision, published_revision, changed_at, delivered_at, lost_at
)
SELECT
    s.web_case_id, s.submission_no, s.submission_id, s.dealer, s.data_area_id, s.customer_account, s.created_by,
    s.submitted_at, false, $4::text, $5::text, $6, $7, $8::int, $8, $9::timestamptz,
    CASE WHEN $4 = 'delivered' THEN $9 END, CASE WHEN $5 = 'lost_in_d365' THEN $9 END
FROM case_api.submissions AS s
WHERE s.web_case_id = $1 AND s.submission_no = $2 AND s.submission_id = $3
ON CONFLICT (web_case_id, submission_no) DO UPDATE SET
    state = excluded.state, cause = excluded.cause, reason = excluded.reason, case_id = excluded.case_id,
    revision = excluded.revision, published_revision = excluded.revision, changed_at = excluded.changed_at,
    delivered_at = CASE WHEN excluded.state = d.state THEN d.delivered_at ELSE excluded.delivered_at END,
    lost_at = coalesce(excluded.lost_at, d.lost_at)
WHERE d.revision < excluded.revision
"""
_ATTEMPT = """
INSERT INTO d365_sync.attempts (web_case_id, submission_no, attempt_no, kind, started_at, ended_at, outcome)
VALUES ($1, $2, $3, 'create', $4, $5, $6) ON CONFLICT DO NOTHING
"""


async def store_submissions(database: Database, *events: CaseSubmitted) -> None:
    """Store what case-api has stored when it publishes `events`."""
    written = [event.model_dump_json(exclude_none=True) for event in events]
    async with database.connect() as connection, connection.transaction():
        await connection.execute(_CASES, written)
        await connection.execute(_SUBMISSIONS, written)


async def store_document(database: Database, event: CaseDelivery) -> None:
    """Store the document that d365-sync has when it publishes `event`, unless a later revision exists."""
    async with database.connect() as connection:
        await store_document_by(connection, event)


async def store_document_by(connection: Connection, event: CaseDelivery) -> None:
    """Like `store_document`, with an open connection."""
    async with connection.transaction():
        await connection.execute(
            _DOCUMENT,
            event.web_case_id,
            event.submission_no,
            event.submission_id,
            event.state.value,
            event.cause,
            event.reason,
            event.case_id,
            event.revision,
            event.occurred_at,
        )
        for number, attempt in enumerate(event.attempts, 1):
            await connection.execute(
                _ATTEMPT,
                event.web_case_id,
                event.submission_no,
                number,
                attempt.started,
                attempt.ended,
                attempt.outcome,
            )
