"""Another process replaces one that dies or freezes within seconds, and the old one sends nothing when it wakes."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool
from case_shared.kafka.connection import RawRecord, Subscription
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.outbox import LEASE_NAME as OUTBOX_LEASE
from case_shared.kafka.topics import CASE_SUBMITTED, PARTITIONS
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.events import CaseContent, CaseSubmitted, Record
from case_shared.words.identifiers import new_web_case_id
from tests.support import sandbox as sandboxes
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.portal import DEALER, Portal, portal
from tests.support.processes import Process
from tests.support.replicas import Fleet, fleet
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions

pytestmark = pytest.mark.timeout(300 * PATIENCE)
LEADERS = {"case_api": OUTBOX_LEASE, "d365_sync": "dispatcher", "status_sync": "poller"}


@pytest_asyncio.fixture
async def slow_d365(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """D365 without a unique Web Case ID, so that nothing relies on it; slow, so that many requests are in flight."""
    async with sandboxes.started(
        tmp_path, unique_web_case_id="false", latency_seconds="0.2", request_log_size="5000", timeout_seconds="2"
    ) as running:
        yield running


@asynccontextmanager
async def pairs(database: Database, broker: Broker, d365: Sandbox, folder: Path) -> AsyncIterator[tuple[Fleet, Portal]]:
    """Two replicas of each service, and a portal."""
    async with fleet(database, broker, d365, folder) as started:
        apis, *_ = await asyncio.gather(*(started.pair(service, D365_MAX_CONCURRENCY="4") for service in LEADERS))
        async with portal(started.token(DEALER), *(process.url for process in apis)) as dealer:
            yield started, dealer


async def delivered(database: Database) -> int:
    async with database.connect() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM case_api.submission_states WHERE case_id IS NOT NULL"
        )
        return count


async def posts(d365: Sandbox) -> int:
    entries = (await d365.control("GET", "/requests?limit=5000"))["items"]
    return sum(entry["method"] == "POST" and "Cases" in entry["path"] for entry in entries)


async def metric(process: Process, name: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{process.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name) and "_created" not in line)


async def new_leaders_within_10_seconds(started: Fleet, victims: dict[str, Process], number: signal.Signals) -> None:
    before = {service: (await started.leader(service, lease)).token for service, lease in LEADERS.items()}
    began = time.monotonic()
    for victim in victims.values():
        victim.send(number)

    async def took_over(service: str, lease: str) -> float:
        await started.leader(service, lease, not_token=before[service])
        return time.monotonic() - began

    seconds = await asyncio.gather(*(took_over(service, lease) for service, lease in LEADERS.items()))
    print(f"{number.name}: other leaders after", {name: round(s, 1) for name, s in zip(LEADERS, seconds, strict=True)})
    assert max(seconds) < 10 * PATIENCE


async def holders(started: Fleet) -> dict[str, Process]:
    return {service: (await started.leader(service, lease)).by for service, lease in LEADERS.items()}


async def test_leaders_that_are_killed_or_frozen_are_followed_and_send_nothing_when_they_wake(
    database: Database, broker: Broker, slow_d365: Sandbox, tmp_path: Path
) -> None:
    async with pairs(database, broker, slow_d365, tmp_path) as (started, dealer):
        for _ in range(20):
            await dealer.submit()
        killed = await holders(started)
        await new_leaders_within_10_seconds(started, killed, signal.SIGKILL)
        for victim in killed.values():
            victim.kill()
            victim.start()
        await asyncio.gather(*(victim.ready() for victim in killed.values()))
        await eventually(lambda: delivered(database), lambda count: count == 20, within_seconds=30)

        await asyncio.gather(*(dealer.submit() for _ in range(40)))
        await eventually(lambda: delivered(database), lambda count: count > 22, every_seconds=0.02)
        frozen = await holders(started)
        dealer.urls = [url for url in dealer.urls if url != frozen["case_api"].url]
        await new_leaders_within_10_seconds(started, frozen, signal.SIGSTOP)
        await asyncio.gather(*(dealer.submit() for _ in range(5)))
        await eventually(lambda: delivered(database), lambda count: count == 65, within_seconds=40)

        sent, records = await posts(slow_d365), len(await broker.submissions())
        for process in frozen.values():
            process.send(signal.SIGCONT)
        for service, process in frozen.items():
            await knows_that_it_leads_no_more(process, LEADERS[service])
        polled = await metric(frozen["status_sync"], "casebridge_d365_polled_cases_total")
        await asyncio.sleep(2.5)  # longer than any of its loops waits: the proof is that nothing happens
        assert await posts(slow_d365) == sent
        assert len(await broker.submissions()) == records
        assert await metric(frozen["status_sync"], "casebridge_d365_polled_cases_total") == polled
        books = [case["WebCaseId"] for case in await slow_d365.cases() if case["WebCaseId"]]
        assert sorted(books) == sorted(dealer.submitted)


async def knows_that_it_leads_no_more(process: Process, lease: str) -> None:
    async def leading() -> float:
        return await metric(process, f'casebridge_leader{{lease="{lease}"}}')

    await eventually(leading, lambda value: value == 0, within_seconds=10)


async def test_what_a_frozen_process_has_locked_is_free_before_its_successor_leads(database: Database) -> None:
    async with database.pool("case_api") as first, database.pool("case_api") as second:
        await first.execute("INSERT INTO leases VALUES ('a lock', 'me', 1, now())")
        with pytest.raises(UNREACHABLE):
            await freeze_within_a_transaction(first, second)
        assert await second.fetchval("SELECT token FROM leases") == 3


async def freeze_within_a_transaction(first: Pool, second: Pool) -> None:
    async with first.acquire() as frozen, frozen.transaction():
        await frozen.execute("UPDATE leases SET token = 2")
        began = time.monotonic()
        await second.execute("UPDATE leases SET token = 3")
        assert time.monotonic() - began < 8 * PATIENCE
        await frozen.execute("UPDATE leases SET token = 4")


def submitted() -> CaseSubmitted:
    return CaseSubmitted(
        web_case_id=new_web_case_id(),
        submission_no=1,
        submission_id=uuid4(),
        dealer=DEALER,
        data_area_id="usmf",
        customer_account="US-001",
        content=CaseContent(category="Repair", category_type="Service"),
        created_by="ann",
        submitted_at=datetime.now(UTC),
    )


async def send(database: Database, broker: Broker, count: int) -> None:
    events = [submitted() for _ in range(count)]
    await store_submissions(database, *events)
    await broker.send(*(Record.of(one, source="case-api", time=one.submitted_at, traceparent=None) for one in events))


async def test_partitions_of_a_killed_member_move_within_5_seconds(
    database: Database, broker: Broker, slow_d365: Sandbox, tmp_path: Path
) -> None:
    async with fleet(database, broker, slow_d365, tmp_path) as started:
        pair = await started.pair("d365_sync")
        group = f"{broker.settings.kafka_group_prefix}d365-sync.case.submitted.v1"
        name = f'casebridge_records_consumed_total{{group="{group}"'

        async def both_consume() -> bool:
            await send(database, broker, 2 * PARTITIONS)
            return all([await metric(process, name) for process in pair])

        await eventually(both_consume, within_seconds=20)
        sent = len(await broker.submissions())
        pair[0].kill()
        for _ in range(70):
            await send(database, broker, 3)
            await asyncio.sleep(0.05)  # a low load is enough here
        sent += 210
        worst = await eventually(lambda: longest_way_in(database, sent), within_seconds=20)
        assert worst is not None
        print(f"longest from Kafka into the document queue, a member killed meanwhile: {worst:.1f} s")
        assert worst < 5 * PATIENCE


async def longest_way_in(database: Database, expected: int) -> float | None:
    async with database.connect() as connection:
        row = await connection.fetchrow(
            "SELECT count(*), extract(epoch FROM max(created_at - submitted_at))::float8 AS worst"
            " FROM d365_sync.documents"
        )
    return row["worst"] if row and row["count"] == expected else None


class Member:
    """A member of a group within this process that records what it received."""

    def __init__(self, broker: Broker, seen: list[bytes | None]) -> None:
        self._seen = seen
        self._stopping = asyncio.Event()
        subscription = Subscription(CASE_SUBMITTED, "storm", self._handle)
        self._consumers = Consumers(
            broker.settings, [subscription], client_id="storm", heartbeats=Heartbeats(SystemClock())
        )
        self._run = asyncio.create_task(self._consumers.run(self._stopping))

    async def _handle(self, records: Sequence[RawRecord]) -> None:
        await asyncio.sleep(0.02)  # work, so that a rebalance happens during batches
        self._seen.extend(record.key for record in records)

    async def leave(self) -> None:
        """Leave the way a stopping service does."""
        self._stopping.set()
        await self._run


async def test_a_rebalance_storm_under_traffic_loses_nothing_and_leaves_nothing_stuck(
    database: Database, broker: Broker
) -> None:
    await broker.create(CASE_SUBMITTED)
    seen: list[bytes | None] = []
    members = [Member(broker, seen) for _ in range(2)]
    storming = True

    async def traffic() -> int:
        count = 0
        while storming:
            await send(database, broker, 10)
            count += 10
        return count

    sending = asyncio.create_task(traffic())
    for _ in range(6):
        members.append(Member(broker, seen))
        await asyncio.sleep(0.7)  # members come and go faster than a session timeout
        await members.pop(0).leave()
    storming = False
    sent = await sending

    async def handled() -> int:
        return len(set(seen))

    try:
        await eventually(handled, lambda count: count == sent, within_seconds=15)
        await send(database, broker, 2 * PARTITIONS)
        await eventually(handled, lambda count: count == sent + 2 * PARTITIONS, within_seconds=10)
    finally:
        await asyncio.gather(*(member.leave() for member in members))
