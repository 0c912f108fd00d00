"""Live streams: from a case's change to the sockets of its dealer's streams, with a thousand open on one replica."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.measure import Benchmark, Figures, Goal, World
from case_shared.kafka.connection import create_producer
from case_shared.kafka.topics import CASE_STATUS_CHANGED, topic_name
from case_shared.words.events import CaseStatus, CaseStatusChanged, Record
from case_shared.words.identifiers import new_web_case_id
from tests.support import drafts, issuer
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port, running

DEALERS = 100
STREAMS_PER_DEALER = 10
CASES_PER_DEALER = 10
CHANGES_PER_SECOND = 100
WARM_UP_SECONDS = 2
FILL = """
INSERT INTO case_api.cases (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id, d365_status_mapped, description,
    category, contact_name, created_by
)
SELECT id, dealer, 'usmf', dealer, 'portal', 'submitted', 'C-' || id, 'open', $3, 'Repair', 'Dora Dealer', 'dora'
FROM unnest($1::text[], $2::text[]) AS t (id, dealer)
"""
CHANGE = "UPDATE case_api.cases SET d365_status_mapped = 'in_process', status_as_of = $2 WHERE web_case_id = $1"


async def play(world: World) -> Figures:
    """Play one round on topics of its own: a case-api, its clients, and changes at a steady rate."""
    prefix = f"live{uuid4().hex[:8]}."
    broker = Broker(
        world.broker.settings.model_copy(update={"kafka_topic_prefix": prefix, "kafka_group_prefix": prefix})
    )
    await broker.create(CASE_STATUS_CHANGED, "case.delivery.v1", "case.submitted.v1")
    cases = await _fill(world)
    async with issuer.issuer() as provider, _serving(world, broker, provider) as process:
        empty = _resident_kib(process)
        tokens = {name: issuer.token(provider, name, subject=name) for name in sorted({dealer for _, dealer in cases})}
        async with _clients(process, tokens) as clients:
            opened = (await clients.answer())["opened"]
            full = _resident_kib(process)
            await _change(world, broker, cases, WARM_UP_SECONDS)
            await clients.order("measure")
            began = _cpu_seconds(process)
            async with _bare_consumer(broker) as bare:
                changes = await _change(world, broker, cases, world.seconds)
            cpu = _cpu_seconds(process) - began
            answer = await clients.order("stop")
        assert answer["closed"] == 0, process.output()[-2000:]
    delays = answer["delays"]
    return {
        "p50 ms": delays[len(delays) // 2],
        "p99 ms": delays[int(len(delays) * 0.99)],
        "bare consumer p99 ms": sorted(bare)[int(len(bare) * 0.99)],
        "worst ms": delays[-1],
        "events/s": len(delays) / world.seconds,
        "events missed": changes * STREAMS_PER_DEALER - len(delays),
        "KiB/stream": (full - empty) / opened,
        "CPU ms/event": cpu * 1000 / len(delays),
    }


async def _fill(world: World) -> list[tuple[str, str]]:
    """Add dealers and their cases; return these in the order in which they change: dealer after dealer."""
    dealers = [f"live-{number:03}" for number in range(DEALERS)]
    cases = [(new_web_case_id(), dealer) for _ in range(CASES_PER_DEALER) for dealer in dealers]
    connection = await world.superuser()
    await connection.execute(
        "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account)"
        " SELECT d, 'usmf', d FROM unnest($1::text[]) d ON CONFLICT DO NOTHING",
        dealers,
    )
    await connection.execute(FILL, *zip(*cases, strict=True), drafts.DESCRIPTION)
    await connection.close()
    return cases


@asynccontextmanager
async def _serving(world: World, broker: Broker, provider: str) -> AsyncIterator[Process]:
    port = free_port()
    environment = {
        **broker.environment(),
        "DATABASE_URL": world.database.url("case_api"),
        "OIDC_ISSUER": provider,
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    url, log = f"http://127.0.0.1:{port}", world.folder / f"live-{port}.log"
    async with running("case_api", "serve", environment=environment, url=url, log=log) as process:
        await eventually(lambda: asyncio.to_thread(_reads, process), within_seconds=30)
        yield process


def _reads(process: Process) -> bool:
    from urllib.request import urlopen

    with urlopen(f"{process.url}/readyz") as answer:
        return bool(json.load(answer)["checks"]["live"])


class _Clients:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def order(self, line: str) -> dict[str, Any]:
        """Give an order and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        assert self._process.stdout is not None
        answered: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answered


@asynccontextmanager
async def _clients(process: Process, tokens: dict[str, str]) -> AsyncIterator[_Clients]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.live_clients",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**26,
    )  # fmt: skip
    assert started.stdin is not None
    plan = {"url": process.url, "streams_per_dealer": STREAMS_PER_DEALER, "tokens": tokens}
    started.stdin.write(json.dumps(plan).encode() + b"\n")
    try:
        yield _Clients(started)
    finally:
        started.kill()
        await started.wait()


@asynccontextmanager
async def _bare_consumer(broker: Broker) -> AsyncIterator[list[float]]:
    """Collect the delays in milliseconds of a consumer that does nothing: they show how busy the machine is."""
    topic = topic_name(broker.settings, CASE_STATUS_CHANGED)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await consumer.start()
    delays: list[float] = []

    async def read() -> None:
        async for record in consumer:
            began = datetime.fromisoformat(json.loads(record.value)["status_as_of"])
            delays.append((datetime.now(UTC) - began).total_seconds() * 1000)

    reading = asyncio.create_task(read())
    try:
        yield delays
    finally:
        reading.cancel()
        await asyncio.wait({reading})
        await consumer.stop()


async def _change(world: World, broker: Broker, cases: list[tuple[str, str]], seconds: float) -> int:
    """Change cases at a steady rate, each row and then its record; return how many."""
    producer = create_producer(broker.settings, client_id="benchmark")
    await producer.start()
    connection = await world.superuser()
    changes = int(CHANGES_PER_SECOND * seconds)
    began, sent = time.perf_counter(), []
    for number in range(changes):
        await asyncio.sleep(max(0.0, began + number / CHANGES_PER_SECOND - time.perf_counter()))
        web_case_id, dealer = cases[number % len(cases)]
        now = datetime.now(UTC)
        await connection.execute(CHANGE, web_case_id, now)
        sent.append(await _send_change(producer, broker, web_case_id, dealer, now))
    await asyncio.gather(*sent)
    await producer.stop()
    await connection.close()
    # The last events are still on their way.
    await asyncio.sleep(1)
    return changes


async def _send_change(
    producer: AIOKafkaProducer, broker: Broker, web_case_id: str, dealer: str, now: datetime
) -> "asyncio.Future[Any]":
    event = CaseStatusChanged(
        dealer=dealer,
        web_case_id=web_case_id,
        case_id=f"C-{web_case_id}",
        status=CaseStatus.IN_PROCESS,
        status_as_of=now,
    )
    record = Record.of(event, source="status-sync", time=now, traceparent=None)
    topic = topic_name(broker.settings, CASE_STATUS_CHANGED)
    future: asyncio.Future[Any] = await producer.send(topic, record.value, record.key, headers=record.headers)
    return future


def _resident_kib(process: Process) -> float:
    assert process.running is not None
    status = Path(f"/proc/{process.running.pid}/status").read_text(encoding="utf-8")
    return float(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def _cpu_seconds(process: Process) -> float:
    assert process.running is not None
    fields = Path(f"/proc/{process.running.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


BENCHMARK = Benchmark("live", play, (Goal("p99 ms", at_most=250), Goal("events missed", at_most=0)))
