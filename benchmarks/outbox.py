"""The outbox publisher: delay from the submit's commit to Kafka's acknowledgment, and how fast it drains a backlog."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from benchmarks.measure import Benchmark, Figures, Goal, World
from benchmarks.submit import ANY_TYPE, POOL_SIZE, request
from case_api.app.submit_case import Submitter
from case_api.postgres.outbox import OUTBOX
from case_api.postgres.submit_store import PostgresSubmitStore
from case_shared.database.leadership import Lease
from case_shared.database.postgres import Pool, create_pool
from case_shared.kafka.connection import create_producer
from case_shared.kafka.outbox import OutboxPublisher
from case_shared.kafka.producing import Sender
from case_shared.kafka.topics import CASE_SUBMITTED, topic_name
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import WakeUp, run_loop
from tests.support import drafts
from tests.support.eventually import eventually

RATE_PER_SECOND = 100
BACKLOG = 50_000
BATCH_SIZE = 1000
POLL_SECONDS = 0.25
# As in case_shared.kafka.outbox; the ceiling gets the same.
BATCH_BYTES = 256 * 1024
CLOCK = SystemClock()

FILL = """
INSERT INTO case_api.outbox (web_case_id, submission_no, topic, value, headers)
SELECT 'W' || lpad(number::text, 9, '0'), 1, 'case.submitted.v1', convert_to($1, 'UTF8'), $2::jsonb
FROM generate_series(1, $3::integer) number
"""


class Noting:
    """A producer that notes when Kafka acknowledged each Web Case ID's record."""

    def __init__(self, producer: AIOKafkaProducer, acknowledged: dict[str, float]) -> None:
        self._producer = producer
        self._acknowledged = acknowledged

    async def send(self, topic: str, value: bytes, key: bytes, headers: Any) -> "asyncio.Future[Any]":
        """Send as the producer does."""
        future: asyncio.Future[Any] = await self._producer.send(topic, value, key, headers=headers)
        future.add_done_callback(lambda _: self._acknowledged.setdefault(key.decode(), time.perf_counter()))
        return future

    def __getattr__(self, name: str) -> Any:
        """Return everything else from the producer."""
        return getattr(self._producer, name)


@asynccontextmanager
async def publishing(world: World, pool: Pool, acknowledged: dict[str, float]) -> AsyncIterator[WakeUp]:
    """Run the outbox publisher as case-api does; yields what wakes it."""
    wake_up, stopping = WakeUp(), asyncio.Event()
    lease = Lease("outbox", 1, CLOCK, CLOCK.monotonic() + 3600)
    publisher = new_publisher(world, pool, acknowledged)
    loop = asyncio.create_task(
        run_loop(
            "outbox",
            lambda: publisher.turn(lease),
            every_seconds=POLL_SECONDS,
            stopping=stopping,
            heartbeats=Heartbeats(CLOCK),
            wake_up=wake_up,
        )
    )
    try:
        yield wake_up
    finally:
        stopping.set()
        wake_up.wake()
        await loop
        await publisher.sender.close()


def new_publisher(world: World, pool: Pool, acknowledged: dict[str, float] | None) -> OutboxPublisher:
    """Make a publisher; its producer notes acknowledgments in `acknowledged`, if given."""
    settings = world.broker.settings

    def producer_of() -> Any:
        producer = create_producer(settings, client_id="benchmark", batch_bytes=BATCH_BYTES)
        return producer if acknowledged is None else Noting(producer, acknowledged)

    sender = Sender(producer_of, lambda name: topic_name(settings, name))
    return OutboxPublisher(pool, OUTBOX, sender, BATCH_SIZE)


async def play_delay(world: World) -> Figures:
    """Play one round: submissions at a steady rate, while the publisher runs in the same process."""
    connection = await world.superuser()
    await connection.execute("TRUNCATE case_api.outbox")
    prepared = await drafts.insert(connection, int(RATE_PER_SECOND * world.seconds) + RATE_PER_SECOND)
    await connection.close()
    pool = await create_pool(world.database.url("case_api"), schema="case_api", name="benchmark", size=POOL_SIZE)
    committed: dict[str, float] = {}
    acknowledged: dict[str, float] = {}
    async with publishing(world, pool, acknowledged) as wake_up:
        submitter = Submitter(PostgresSubmitStore(pool, ANY_TYPE, resend_seconds=60).batched(), wake_up)

        async def submit(web_case_id: str) -> None:
            await submitter.submit(request(web_case_id))
            committed[web_case_id] = time.perf_counter()

        async def everything_acknowledged() -> bool:
            return acknowledged.keys() >= committed.keys()

        # The first second warms up connections, statements and the producer.
        warm = prepared[:RATE_PER_SECOND]
        await _at_rate(submit, warm)
        measured = prepared[RATE_PER_SECOND:]
        await _at_rate(submit, measured)
        await eventually(everything_acknowledged, within_seconds=30)
    await pool.close()
    delays = sorted((acknowledged[one] - committed[one]) * 1000 for one in measured)
    return {"p50 ms": statistics.median(delays), "p99 ms": delays[int(len(delays) * 0.99)]}


async def _at_rate(submit: Any, web_case_ids: Sequence[str]) -> None:
    began = time.perf_counter()
    tasks = []
    for number, web_case_id in enumerate(web_case_ids):
        await asyncio.sleep(max(0.0, began + number / RATE_PER_SECOND - time.perf_counter()))
        tasks.append(asyncio.create_task(submit(web_case_id)))
    await asyncio.gather(*tasks)


async def play_drain(world: World) -> Figures:
    """Play one round: the publisher empties a full outbox, then aiokafka sends the same records from memory."""
    connection = await world.superuser()
    value = "x" * 600
    headers = '{"ce_id": "1", "ce_type": "case.submitted.v1", "content-type": "application/json"}'
    await connection.execute("TRUNCATE case_api.outbox")
    await connection.execute(FILL, value, headers, BACKLOG)
    await connection.execute("VACUUM ANALYZE case_api.outbox")
    await connection.close()
    pool = await create_pool(world.database.url("case_api"), schema="case_api", name="benchmark", size=POOL_SIZE)
    publisher = new_publisher(world, pool, None)
    lease = Lease("outbox", 1, CLOCK, CLOCK.monotonic() + 3600)
    began = time.perf_counter()
    while await publisher.turn(lease):
        pass
    drained = BACKLOG / (time.perf_counter() - began)
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0
    await publisher.sender.close()
    await pool.close()
    ceiling = await _from_memory(world, value.encode())
    return {"rows/s": drained, "aiokafka from memory/s": ceiling, "ratio": drained / ceiling}


async def _from_memory(world: World, value: bytes) -> float:
    producer = create_producer(world.broker.settings, client_id="ceiling", batch_bytes=BATCH_BYTES)
    await producer.start()
    topic = topic_name(world.broker.settings, CASE_SUBMITTED)
    headers = [("ce_id", b"1"), ("ce_type", b"case.submitted.v1"), ("content-type", b"application/json")]
    began = time.perf_counter()
    for start in range(0, BACKLOG, BATCH_SIZE):
        keys = [f"W{number:09}".encode() for number in range(start, start + BATCH_SIZE)]
        sent = [await producer.send(topic, value, key, headers=headers) for key in keys]
        await asyncio.gather(*sent)
    elapsed = time.perf_counter() - began
    await producer.stop()
    return BACKLOG / elapsed


DELAY = Benchmark("outbox-delay", play_delay, (Goal("p50 ms", at_most=5), Goal("p99 ms", at_most=45)))
DRAIN = Benchmark("outbox-drain", play_drain, (Goal("ratio", at_least=0.4),))
