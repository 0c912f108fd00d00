"""`GET /cases/stream` of a started case-api: real Kafka and HTTP, killed replicas, slow clients."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest_asyncio
from aiokafka import AIOKafkaProducer, TopicPartition

from case_api.domain.event_ids import parse_event_id
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, PARTITIONS, topic_name
from case_shared.words.events import CaseDelivery, CaseStatus, CaseStatusChanged, Record, SubmissionState
from case_shared.words.identifiers import new_web_case_id
from tests.integration.case_api.conftest import DEALER, OTHER, fill_lists
from tests.support import issuer
from tests.support.batches import Sent, encoded, sending
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import Process, free_port
from tests.support.sse import Watcher, watching
from tests.support.submissions import store_document

TOPICS = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
# The checks that decide whether case-api is ready.
NEEDED = ("database", "consumers", "live_reader")
NEW_CASE = """
INSERT INTO case_api.cases (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id, d365_status_mapped, description
) VALUES ($1, $2, 'usmf', 'x', 'd365', 'submitted', 'C-' || $1, 'submitted', $3)
"""
CHANGE = "UPDATE case_api.cases SET d365_status_mapped = $2, status_as_of = now() WHERE web_case_id = $1"


@dataclass
class World:
    """Replicas of case-api; the test plays status-sync."""

    database: Database
    broker: Broker
    issuer: str
    folder: Path
    stack: AsyncExitStack

    async def replica(self, **settings: str) -> Process:
        """Start one, and wait until its streams have begun to read."""
        port = free_port()
        environment = {
            **self.broker.environment(),
            "DATABASE_URL": self.database.url("case_api"),
            "OIDC_ISSUER": self.issuer,
            "PORT": str(port),
            **settings,
        }
        process = Process(
            "case_api", ("serve",), environment, f"http://127.0.0.1:{port}", self.folder / f"case-api-{port}.log"
        )
        self.stack.callback(process.kill)
        process.start()
        await self.ready(process)
        return process

    async def ready(self, process: Process, *, start: int = 1) -> None:
        """Wait until it serves, and its streams have begun: those that are opened before must fetch all again.

        `start` is the number of its start.
        """
        await process.ready(within_seconds=60)
        await eventually(lambda: live_is(process), within_seconds=40)
        await eventually(lambda: asyncio.sleep(0, process.output().count("live_streams_started") >= start))

    def token(self, dealer: str = DEALER) -> str:
        return issuer.token(self.issuer, dealer)

    @asynccontextmanager
    async def watching(
        self, process: Process, dealer: str = DEALER, last_event_id: str | None = None
    ) -> AsyncIterator[Watcher]:
        url = f"{process.url}/v1/dealers/{dealer}/cases/stream"
        async with watching(url, self.token(dealer), last_event_id=last_event_id) as watcher:
            yield watcher

    async def has_read(self, process: Process, changes: int) -> None:
        """Wait until its streams have read so many changes."""

        async def read() -> int:
            async with self.watching(process) as watcher:
                offsets = parse_event_id(watcher.last_id or "") or {}
                return sum(offset for place, offset in offsets.items() if place.topic == 0)

        await eventually(read, lambda count: count == changes)

    async def case(self, dealer: str = DEALER, description: str = "") -> str:
        """Create a case that D365 has; returns its Web Case ID."""
        web_case_id = new_web_case_id()
        async with self.database.connect() as connection:
            await connection.execute(NEW_CASE, web_case_id, dealer, description)
        return web_case_id

    async def change(self, web_case_id: str, *statuses: str, dealer: str = DEALER) -> None:
        """What status-sync does: the row first, then the event."""
        for status in statuses:
            async with self.database.connect() as connection:
                await connection.execute(CHANGE, web_case_id, status)
            await self.broker.send(changed(web_case_id, dealer, status))


def changed(web_case_id: str, dealer: str, status: str) -> Record:
    now = datetime.now(UTC)
    event = CaseStatusChanged(
        dealer=dealer,
        web_case_id=web_case_id,
        case_id=f"C-{web_case_id}",
        status=CaseStatus(status),
        status_as_of=now,
    )
    return Record.of(event, source="status-sync", time=now, traceparent=None)


@asynccontextmanager
async def world_on(database: Database, broker: Broker, folder: Path) -> AsyncIterator[World]:
    await fill_lists(database)
    await broker.create(*TOPICS)
    async with issuer.issuer() as provider, AsyncExitStack() as stack:
        yield World(database, broker, provider, folder, stack)


@pytest_asyncio.fixture
async def world(database: Database, broker: Broker, tmp_path: Path) -> AsyncIterator[World]:
    async with world_on(database, broker, tmp_path) as started:
        yield started


async def metrics(process: Process) -> dict[str, float]:
    async with aiohttp.ClientSession() as session, session.get(f"{process.url}/metrics") as answer:
        lines = [line.rpartition(" ") for line in (await answer.text()).splitlines() if line[0] != "#"]
        return {name: float(value) for name, _, value in lines}


async def test_a_change_arrives_at_its_dealers_streams_and_at_no_others(world: World) -> None:
    process = await world.replica(LIVE_KEEP_ALIVE_SECONDS="0.2")
    mine, theirs = await world.case(), await world.case(OTHER)
    async with world.watching(process) as ours, world.watching(process, OTHER) as others:
        assert ours.response.headers["content-type"].startswith("text/event-stream")
        assert ours.response.headers["cache-control"] == "no-store"
        assert ours.response.headers["x-accel-buffering"] == "no"
        await world.change(mine, "in_process")
        await ours.until(lambda one: one.statuses == ["in_process"])
        await world.change(theirs, "open", dealer=OTHER)
        await others.until(lambda one: one.statuses == ["open"])
        url = f"{process.url}/v1/dealers/{DEALER}/cases/{mine}"
        headers = {"Authorization": f"Bearer {world.token()}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
            assert ours.cases == [await answer.json()]
        # Comments advance the ID, so that a quiet dealer's stays fresh.
        await ours.until(lambda one: one.last_id != one.events[0].id and one.comments > 0)
        sent = "casebridge_live_events_sent_total"
        measured = await eventually(lambda: metrics(process), lambda found: found[sent] >= 2)
        assert measured["casebridge_live_streams"] == 2
        assert measured[sent] == 2
        assert measured["casebridge_live_record_to_socket_seconds_count"] == 2
        assert measured["casebridge_live_kafka_reachable"] == 1
    await eventually(lambda: streams(process), lambda open_ones: open_ones == 0)
    await other_dealers_get_nothing(world, process)


async def other_dealers_get_nothing(world: World, process: Process) -> None:
    headers = {"Authorization": f"Bearer {world.token(OTHER)}"}
    async with aiohttp.ClientSession(process.url, headers=headers) as session:
        async with session.get(f"/v1/dealers/{DEALER}/cases/stream") as own:
            assert own.status == 404
        async with session.get(f"/v1/dealers/{OTHER}/cases/stream", headers={"Authorization": ""}) as answer:
            assert answer.status == 401


async def test_what_cannot_be_read_or_decoded_is_passed_over(world: World) -> None:
    """A transaction leaves a marker at a topic's end with no record after it: the streams do not wait for one."""
    settings, case = world.broker.settings, await world.case()
    topic = topic_name(settings, CASE_STATUS_CHANGED)
    marks = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers, transactional_id=topic)
    async with marks, marks.transaction():
        await marks.send_and_wait(topic, b"{", partition=0)
    process = await world.replica()
    async with world.watching(process) as watcher, sending(settings, topic) as sender:
        for name in (CASE_STATUS_CHANGED, CASE_DELIVERY):
            await world.broker.send(Record(name, b"k", b"{", []), Record(name, b"k", b"", []))
        odd = encoded([Sent(b"{", headers=[(b"\xff", None)], timestamp=-5)])
        for partition in range(PARTITIONS):
            await sender.send(TopicPartition(topic, partition), odd)
        await world.change(case, "closed")
        await watcher.until(lambda one: one.statuses == ["closed"])
        assert watcher.resyncs == []


async def test_a_delivery_is_shown_whoever_stores_it_and_a_stream_ends_with_its_token(world: World) -> None:
    process = await world.replica()
    expires = int(time.time()) + 8
    url = f"{process.url}/v1/dealers/{DEALER}/cases/stream"
    async with watching(url, issuer.token(world.issuer, DEALER, seconds=8)) as watcher:
        await a_delivery_is_shown(world, process)
        await watcher.until(lambda one: one.closed)
        assert watcher.ends == ["token_expired"]
    assert expires <= time.time() < expires + 20 * PATIENCE


async def a_delivery_is_shown(world: World, process: Process) -> None:
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with aiohttp.ClientSession(process.url, headers=headers) as session:
        async with session.post(f"/v1/dealers/{DEALER}/cases", json={"category": "Warranty"}) as answer:
            case = await answer.json()
        path = f"/v1/dealers/{DEALER}/cases/{case['web_case_id']}/submission"
        async with session.post(path, headers={"If-Match": '"1"'}) as answer:
            assert answer.status == 202
    (submitted,) = await eventually(world.broker.submissions)
    async with world.watching(process) as watcher:
        states = (SubmissionState.DELIVERING, SubmissionState.DELIVERED)
        for revision, state in enumerate(states, 1):
            event = delivery(case["web_case_id"], submitted.submission_id, revision, state)
            await store_document(world.database, event)
            await world.broker.send(Record.of(event, source="d365-sync", time=event.occurred_at, traceparent=None))

        def shown(one: Watcher) -> list[str]:
            return [case["submission"]["state"] for case in one.cases]

        await watcher.until(lambda one: shown(one)[-1:] == ["delivered"])
        # Both may arrive in one batch, and each again once it is stored, but never in the wrong order.
        assert shown(watcher) == sorted(shown(watcher), key=states.index)


def delivery(web_case_id: str, submission_id: UUID, revision: int, state: SubmissionState) -> CaseDelivery:
    return CaseDelivery(
        web_case_id=web_case_id,
        submission_no=1,
        submission_id=submission_id,
        revision=revision,
        state=state,
        case_id="C-1" if state is SubmissionState.DELIVERED else None,
        occurred_at=datetime.now(UTC),
    )


async def test_the_other_replica_goes_on_where_the_first_was_killed(world: World) -> None:
    first, second = await asyncio.gather(world.replica(), world.replica())
    cases = [await world.case() for _ in range(3)]
    async with world.watching(first) as watcher:
        await world.change(cases[0], "in_process")
        await watcher.until(lambda one: len(one.cases) == 1)
        first.kill()
        await watcher.until(lambda one: one.closed)
        last_id = watcher.last_id
    await world.change(cases[1], "open", "closed")
    await world.change(cases[2], "canceled")
    # What it reads once the stream is open comes record by record.
    await world.has_read(second, 4)
    async with world.watching(second, last_event_id=last_id) as watcher:
        await watcher.until(lambda one: len(one.cases) >= 2)
        assert [(one["web_case_id"], one["status"]) for one in watcher.cases] in (
            [(cases[1], "closed"), (cases[2], "canceled")],
            [(cases[2], "canceled"), (cases[1], "closed")],
        )
        await world.change(cases[0], "closed")
        await watcher.until(lambda one: len(one.cases) == 3)
        assert watcher.resyncs == []
        last_id = watcher.last_id
    # A restarted replica knows what happened before.
    await world.change(cases[0], "canceled")
    first.start()
    await world.ready(first, start=2)
    async with world.watching(first, last_event_id=last_id) as watcher:
        await watcher.until(lambda one: one.statuses == ["canceled"])
        assert watcher.resyncs == []


async def test_what_cannot_be_sent_again_is_a_resync(world: World) -> None:
    process = await world.replica(LIVE_HELD_RECORDS="1")
    case = await world.case()
    await world.change(case, "in_process", "open", "closed")
    await world.has_read(process, 3)
    for last_id, reason in (("never-seen", "unknown_id"), ("0-0-0-0-0-0.0-0-0-0-0-0", "too_old")):
        async with world.watching(process, last_event_id=last_id) as watcher:
            await watcher.until(lambda one: bool(one.resyncs))
            assert watcher.resyncs == [reason]
            await world.change(case, "canceled")
            await watcher.until(lambda one: one.statuses == ["canceled"])


async def test_a_reader_that_stops_costs_nobody_anything_and_is_cut_off(world: World) -> None:
    process = await world.replica(CLIENT_TIMEOUT_SECONDS=f"{3 * PATIENCE:g}")
    case = await world.case()
    async with world.watching(process) as watcher, blocked_reader(world, process, OTHER):
        await world.change(case, "closed")
        await watcher.until(lambda one: one.statuses == ["closed"])
        assert watcher.resyncs == []
        await eventually(lambda: streams(process), lambda open_ones: open_ones == 1, within_seconds=30)


async def streams(process: Process) -> float:
    return (await metrics(process))["casebridge_live_streams"]


@asynccontextmanager
async def blocked_reader(world: World, process: Process, dealer: str) -> AsyncIterator[None]:
    """A client that requests the stream and then reads nothing, until its queue has overflowed."""
    host, port = process.url.removeprefix("http://").split(":")
    path = f"/v1/dealers/{dealer}/cases/stream"
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.token(dealer)}\r\n\r\n"
    cases = [await world.case(dealer, "d" * 40_000) for _ in range(5)]
    slow = 'casebridge_live_resyncs_total{reason="too_slow"}'
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, int(port)))
        client.sendall(request.encode())
        await eventually(lambda: streams(process), lambda open_ones: open_ones >= 1)

        async def runs_over() -> bool:
            await world.broker.send(*[changed(case, dealer, "submitted") for case in cases])
            return (await metrics(process)).get(slow, 0) > 0

        await eventually(runs_over, within_seconds=60)
        yield


async def test_a_stop_waits_for_no_stream(world: World) -> None:
    process = await world.replica(LIVE_MAX_STREAMS_PER_USER="300", LIVE_MAX_STREAMS_PER_DEALER="300")
    case = await world.case()
    url = f"{process.url}/v1/dealers/{DEALER}/cases/stream"
    async with AsyncExitStack() as stack:
        watchers: Sequence[Watcher] = [
            await stack.enter_async_context(watching(url, world.token())) for _ in range(200)
        ]
        await stack.enter_async_context(blocked_reader(world, process, OTHER))
        await world.change(case, "closed")
        for watcher in watchers:
            await watcher.until(lambda one: one.statuses == ["closed"])
        began = time.monotonic()
        assert await process.stop() == 0
        assert time.monotonic() - began < 8 * PATIENCE
        for watcher in watchers:
            await watcher.until(lambda one: one.closed)
            assert watcher.ends == ["stopping"]
    assert "Traceback" not in process.output()


async def live_is(process: Process) -> bool:
    """Whether the streams reach Kafka, which alone makes no service unhealthy or not ready."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{process.url}/healthz") as answer:
            assert answer.status == 200, await answer.text()
        async with session.get(f"{process.url}/readyz") as answer:
            state = await answer.json()
    assert state["ready"] or not all(state["checks"][name] for name in NEEDED), state
    fine: bool = state["checks"]["live"]
    return fine
