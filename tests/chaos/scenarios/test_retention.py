"""Claims keep their speed while the payloads of fifty thousand documents are emptied.

Fifty thousand are a hundred batches: enough to show bloat, locks and stale statistics.
"""

import asyncio
import statistics
import time

import pytest

from case_shared.database.leadership import Lease
from case_shared.database.postgres import Pool
from case_shared.database.retention import Retention, Rule
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from d365_sync.postgres.statements import Statement
from tests.support.databases import Database
from tests.support.patience import PATIENCE

DOCUMENTS = 50_000
CLAIMS = 60
FILL = f"""
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_at, read_back_first, state, case_id, published_revision, changed_at)
SELECT 'W' || n, 1, gen_random_uuid(), 'd-' || n % 50, 'usmf', 'x',
    jsonb_build_object('category', 'Warranty', 'description', repeat('The pump leaks. ', 20)), 'ann',
    now() - n * interval '1 second', false,
    CASE WHEN n <= {DOCUMENTS} THEN 'delivered' ELSE 'pending' END, CASE WHEN n <= {DOCUMENTS} THEN 'C' || n END, 1,
    now() - interval '1 year'
FROM generate_series(1, {DOCUMENTS + 10_000}) n;
INSERT INTO d365_sync.attempts (web_case_id, submission_no, attempt_no, kind, started_at, request, answer)
SELECT 'W' || n, 1, 1, 'create', now(), repeat('r', 300), repeat('a', 300) FROM generate_series(1, {DOCUMENTS}) n;
UPDATE d365_sync.delivery_control SET d365_url = 'u';
INSERT INTO d365_sync.leases VALUES ('dispatcher', 'me', 1, now() + interval '1 hour');
ANALYZE d365_sync.documents; ANALYZE d365_sync.attempts;
"""


async def claim(pool: Pool) -> float:
    """Claim 25 documents; returns the duration in seconds."""
    began = time.monotonic()
    rows = await pool.fetch(Statement.CLAIM_TO_DELIVER.text, 25, 1000, "", 64, 60.0, "dispatcher", 1, "u", 1e9)
    assert len([row for row in rows if row["web_case_id"]]) == 25
    return time.monotonic() - began


@pytest.mark.timeout(180 * PATIENCE)
async def test_claims_go_on_while_fifty_thousand_payloads_are_emptied(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(FILL)
    clock, stopping = SystemClock(), asyncio.Event()
    async with database.pool("d365_sync") as pool:
        alone = [await claim(pool) for _ in range(CLAIMS)]
        rule = Rule("documents", Statement.EMPTY_DOCUMENTS.text, 90)
        retention = Retention(pool, [rule], Heartbeats(clock), 300, pause_seconds=0.01)
        lease = Lease("retention", 1, clock, clock.monotonic() + 150 * PATIENCE)
        applying = asyncio.create_task(retention.apply(lease, stopping))
        beside: list[float] = []
        try:
            while not applying.done() and len(beside) < 3 * CLAIMS:
                beside.append(await claim(pool))
                await asyncio.sleep(0.05)
            await applying
        finally:
            stopping.set()
            await asyncio.gather(applying, return_exceptions=True)

        left = await pool.fetchval(
            "SELECT count(*) FROM documents WHERE content IS NOT NULL AND state IN ('delivered', 'returned')"
        )
        bodies = await pool.fetchval("SELECT count(*) FROM attempts WHERE request IS NOT NULL OR answer IS NOT NULL")
        assert (left, bodies) == (0, 0)
        assert await pool.fetchval("SELECT count(*) FROM documents") == DOCUMENTS + 10_000
    # Both share the machine's cores and disk; the claims must not wait for a lock or read a whole table.
    assert len(beside) >= 10
    assert statistics.median(beside) < 5 * statistics.median(alone) + 0.05 * PATIENCE, (alone, beside)
    assert max(beside) < 2 * PATIENCE
