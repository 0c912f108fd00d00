"""A backlog of 100,000 documents costs d365-sync no memory: it loads only what it has claimed.

100,000 is the size that the promise names; D365 takes 50 at the same time, and some seconds are enough to see growth.
"""

from pathlib import Path

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from tests.integration.d365_sync.test_service import environment
from tests.support import sandbox
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port, running

SMALL, LARGE, DELIVERED = 500, 100_000, 1_000
MOST_GROWTH_MIB = 24
FILL = """
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_at, read_back_first)
SELECT $2 || lpad(n::text, 8, '0'), 1, gen_random_uuid(), 'usmf-us-001', 'usmf', 'US-001',
    '{"category": "Warranty", "category_type": "Service"}', 'ann', now(), false
FROM generate_series(1, $1::integer) n
"""


async def test_memory_does_not_grow_with_the_backlog(database: Database, broker: Broker, tmp_path: Path) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    port = free_port()
    async with sandbox.started(tmp_path, latency_seconds="0.1") as d365:
        settings = environment(database, broker, d365, PORT=str(port))
        url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
        async with running("d365_sync", "serve", environment=settings, url=url, log=log) as process:
            await fill(database, SMALL, "S")
            await eventually(lambda: delivered(database), lambda count: count == SMALL, within_seconds=60)
            before = resident_mib(process)

            await fill(database, LARGE, "L")
            await eventually(lambda: delivered(database), lambda count: count >= SMALL + DELIVERED, within_seconds=60)

            assert resident_mib(process) - before <= MOST_GROWTH_MIB
            assert await delivered(database) < LARGE


async def fill(database: Database, documents: int, prefix: str) -> None:
    """Put documents into the queue."""
    async with database.connect() as connection:
        await connection.execute(FILL, documents, prefix)


async def delivered(database: Database) -> int:
    """How many documents are delivered."""
    async with database.connect() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM d365_sync.documents WHERE state = 'delivered'")
        return found


def resident_mib(process: Process) -> float:
    """The process's resident memory in MiB."""
    assert process.running is not None
    status = Path(f"/proc/{process.running.pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
