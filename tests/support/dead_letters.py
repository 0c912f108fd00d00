"""Inserts thousands of dead letters directly into the document queue; D365 would accept them now."""

from typing import Any

from tests.support import web_case_ids

INSERT = """
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_at, created_at, read_back_first, state, cause, reason, detail, revision,
    published_revision)
SELECT web_case_id, 1, gen_random_uuid(), 'usmf-us-00' || 1 + n % 3, 'usmf', 'US-00' || 1 + n % 3,
    '{"category": "Warranty", "category_type": "Service", "priority": "High", "description": "The pump leaks."}',
    'ann', now() - interval '1 hour', now() - interval '1 hour' + n * interval '1 millisecond', true, 'failed',
    'rejected', 'Closed for today.', 'Write failed: Closed for today.', 4, 4
FROM unnest($1::text[]) WITH ORDINALITY AS drawn (web_case_id, n)
"""


async def insert(connection: Any, count: int) -> list[str]:
    """Insert `count` dead letters of three dealers; returns their Web Case IDs, oldest first."""
    drawn = web_case_ids.draw(count)
    await connection.execute(INSERT, drawn)
    return drawn
