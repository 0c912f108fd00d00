"""D365 is down: no dead letter, one probe per interval, and then the backlog drains, each case once, with few reads.

An hour is 120 intervals of the breaker; here it is a dozen of one second, with three replicas of d365-sync, whose
leader is killed in between. 240 documents are many times the concurrency (10), and the smallest number that shows an
order.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from case_shared.words.events import CaseSubmitted
from tests.integration.d365_sync.conftest import cases_of, mapping_file, submitted
from tests.integration.d365_sync.test_service import environment, record
from tests.support import sandbox
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port, running
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions

INTERVAL, AT_ONCE, REPLICAS = 1.0, 10, 3
CASES = "DealerPortalCases"
TIMES = {
    "D365_BREAKER_SECONDS": f"{INTERVAL}",
    "D365_MAX_CONCURRENCY": f"{AT_ONCE}",
    "D365_TIMEOUT_SECONDS": f"{2 * PATIENCE:g}",
    "D365_SETTLE_SECONDS": f"{3 * PATIENCE:g}",
    "D365_BACKOFF_MAX_SECONDS": "2",
    "D365_ACCEPT_RARE_DUPLICATES": "true",
}


@dataclass
class Replicas:
    """Three replicas of d365-sync with one Kafka, one database and one D365 that does not refuse duplicates."""

    database: Database
    broker: Broker
    d365: Sandbox

    async def send(self, events: Sequence[CaseSubmitted]) -> float:
        """Send submissions; returns the seconds until all of them are in the queue."""
        began, before = time.monotonic(), await self.documents()
        await store_submissions(self.database, *events)
        await self.broker.send(*(record(event) for event in events))
        await eventually(self.documents, lambda count: count == before + len(events))
        return time.monotonic() - began

    async def documents(self, state: str = "%") -> int:
        """How many documents are in a state."""
        return int(await self.ask("SELECT count(*) FROM d365_sync.documents WHERE state LIKE $1", state))

    async def ask(self, query: str, *arguments: Any) -> Any:
        """One value of the database."""
        async with self.database.connect() as connection:
            return await connection.fetchval(query, *arguments)

    async def breaker(self) -> str:
        """The breaker, as stored."""
        return str(await self.ask("SELECT breaker FROM d365_sync.delivery_control"))

    async def under_way(self) -> int:
        """Attempts that have begun and have not ended, here and in D365."""
        in_flight = int((await self.d365.control("GET", "/counters"))["in_flight"])
        return in_flight + await self.documents("delivering")

    async def requests(self) -> list[dict[str, Any]]:
        """D365's requests about cases since the counters were reset, oldest first."""
        items = (await self.d365.control("GET", "/requests?limit=5000"))["items"]
        return [one for one in reversed(items) if CASES in one["path"]]

    async def kill_the_leader(self) -> None:
        """Kill -9 the leader; its lease ends, and another one leads."""
        owner, token = await self._lease()
        os.kill(int(owner.rsplit("-", 2)[1]), signal.SIGKILL)
        await eventually(self._lease, lambda lease: lease[1] > token, within_seconds=20)

    async def _lease(self) -> tuple[str, int]:
        async with self.database.connect() as connection:
            row = await connection.fetchrow("SELECT owner, token FROM d365_sync.leases WHERE name = 'dispatcher'")
        assert row is not None
        return row["owner"], row["token"]


@asynccontextmanager
async def replicas(database: Database, broker: Broker, folder: Path) -> AsyncIterator[Replicas]:
    """Start them; one case is delivered already."""
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    mapping = mapping_file(folder, "web_case_id_unique = false\n")
    async with AsyncExitStack() as stack:
        d365 = await stack.enter_async_context(sandbox.started(folder, unique_web_case_id="false"))
        for number in range(REPLICAS):
            port = free_port()
            variables = environment(database, broker, d365, PORT=str(port), D365_MAPPING=mapping, **TIMES)
            url, log = f"http://127.0.0.1:{port}", folder / f"d365-sync-{number}.log"
            await stack.enter_async_context(running("d365_sync", "serve", environment=variables, url=url, log=log))
        started = Replicas(database, broker, d365)
        await started.send([submitted()])
        await eventually(lambda: started.documents("delivered"), lambda count: count == 1)
        yield started


async def test_an_outage_costs_no_case_and_little_besides(database: Database, broker: Broker, tmp_path: Path) -> None:
    async with replicas(database, broker, tmp_path) as service:
        d365 = service.d365
        await d365.fault(kind="outage", status=503, id="outage")
        first = a_batch(40)
        taken_in = [await service.send(first)]
        await eventually(service.breaker, lambda state: state == "open")
        await eventually(service.under_way, lambda count: count == 0)

        # During the outage: cases are accepted as usual, the leader dies, and D365 gets one request per interval.
        await d365.control("DELETE", "/counters")
        began = time.monotonic()
        waiting = [a_batch(100, minute) for minute in (2, 1)]
        taken_in.append(await service.send(waiting[0]))
        await service.kill_the_leader()
        taken_in.append(await service.send(waiting[1]))
        await eventually(lambda: asyncio.sleep(0, time.monotonic() - began), lambda seconds: seconds > 12 * INTERVAL)
        probes, lasted = len(await service.requests()), time.monotonic() - began
        assert 3 <= probes <= lasted / INTERVAL + 1, (probes, lasted)
        assert max(taken_in) < 3 * PATIENCE, taken_in
        assert await service.documents("failed") == 0
        assert await service.breaker() != "closed"

        # After the outage: each case once, few reads, no higher concurrency than D365 allows, the oldest first.
        begun = {one["web_case_id"] for one in await tried(service)}
        await d365.control("DELETE", "/faults/outage")
        await d365.control("DELETE", "/counters")
        events = [*first, *waiting[0], *waiting[1]]
        await eventually(lambda: service.documents("delivered"), lambda count: count == 241, within_seconds=30)
        books = await cases_of(d365, *events)
        assert len(books) == len({case["WebCaseId"] for case in books}) == 240
        requests = await service.requests()
        posts = [one for one in requests if one["method"] == "POST"]
        reads = [one for one in requests if one["method"] == "GET"]
        assert len(posts) == 240
        assert len(reads) <= 20, [one["query"][:80] for one in reads]
        assert (await d365.control("GET", "/counters"))["max_in_flight"] <= AT_ONCE + 5
        in_order_of_submission([one for one in await tried(service) if one["web_case_id"] not in begun])


def a_batch(count: int, minutes_ago: float = 0) -> list[CaseSubmitted]:
    """Submissions of two dealers, alternating."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    dealers = ("usmf-us-001", "usmf-us-002")
    return [
        submitted(dealer=dealers[number % 2], submitted_at=at + timedelta(milliseconds=number))
        for number in range(count)
    ]


async def tried(service: Replicas) -> list[dict[str, Any]]:
    """Documents that were sent, by their last POST."""
    async with service.database.connect() as connection:
        rows = await connection.fetch(
            """
            SELECT d.web_case_id, d.dealer, d.submitted_at, max(a.started_at) AS posted_at
            FROM d365_sync.documents AS d JOIN d365_sync.attempts AS a USING (web_case_id, submission_no)
            WHERE a.kind = 'create' GROUP BY d.web_case_id, d.dealer, d.submitted_at ORDER BY posted_at
            """
        )
    return [dict(row) for row in rows]


def in_order_of_submission(sent: Sequence[dict[str, Any]]) -> None:
    """Each dealer's documents were sent oldest first, except for concurrent ones."""
    assert len(sent) >= 150
    for dealer in {one["dealer"] for one in sent}:
        own = [one["submitted_at"] for one in sent if one["dealer"] == dealer]
        late = [abs(place - sorted(own).index(at)) for place, at in enumerate(own)]
        assert max(late) <= 2 * AT_ONCE, late
