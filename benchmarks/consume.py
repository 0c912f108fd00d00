"""d365-sync's consumer: records per second into the document queue, as a ratio to getmany + unnest + commit."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.measure import Benchmark, Figures, Goal, World
from case_shared.database.postgres import Pool, create_pool
from case_shared.kafka.connection import RawRecord, Subscription, create_producer
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.topics import CASE_SUBMITTED, topic_name
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.events import CaseContent, CaseSubmitted, Contact, Record
from case_shared.words.identifiers import new_web_case_id
from d365_sync.app.wake_ups import WakeUps
from d365_sync.consumers import subscriptions
from tests.support import drafts
from tests.support.brokers import Broker
from tests.support.submissions import store_submissions

RECORDS = 50_500
MAX_RECORDS = 500
# The same rows into the same table, without reading what they say.
INSERT = """
INSERT INTO documents (
    web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
    submitted_at, read_back_first
)
SELECT unnest($1::text[]), 1, unnest($2::uuid[]), $3, $4, $5, unnest($6::jsonb[]), 'dora', now(), false
ON CONFLICT DO NOTHING
"""


async def play(world: World) -> Figures:
    """Play one round on topics of its own: ours, then the ceiling over the same records."""
    prefix = f"round{uuid4().hex[:8]}."
    settings = world.broker.settings.model_copy(update={"kafka_topic_prefix": prefix, "kafka_group_prefix": prefix})
    broker = Broker(settings)
    await broker.create(CASE_SUBMITTED, "case.status-changed.v1")
    await _fill(world, broker)
    pool = await create_pool(world.database.url("d365_sync"), schema="d365_sync", name="benchmark", size=4)
    await _empty(world)
    ours = await _ours(broker, pool)
    await _empty(world)
    ceiling = await _ceiling(broker, pool)
    await pool.close()
    return {"records/s": ours, "getmany + unnest/s": ceiling, "ratio": ours / ceiling}


async def _empty(world: World) -> None:
    connection = await world.superuser()
    await connection.execute("TRUNCATE d365_sync.documents CASCADE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _fill(world: World, broker: Broker) -> None:
    producer = create_producer(broker.settings, client_id="fill")
    await producer.start()
    topic = topic_name(broker.settings, CASE_SUBMITTED)
    for _ in range(0, RECORDS, MAX_RECORDS):
        events = [_event() for _ in range(MAX_RECORDS)]
        await store_submissions(world.database, *events)
        records = [Record.of(event, source="case-api", time=event.submitted_at, traceparent=None) for event in events]
        sent = [await producer.send(topic, one.value, one.key, headers=one.headers) for one in records]
        await asyncio.gather(*sent)
    await producer.stop()


def _event() -> CaseSubmitted:
    contact = Contact(name="Dora Dealer", email="dora@example.com")
    return CaseSubmitted(
        web_case_id=new_web_case_id(),
        submission_no=1,
        submission_id=uuid4(),
        dealer=drafts.DEALER,
        data_area_id=drafts.DATA_AREA_ID,
        customer_account=drafts.CUSTOMER_ACCOUNT,
        content=CaseContent(
            category=drafts.CATEGORY,
            category_type=drafts.CATEGORY_TYPE,
            description=drafts.DESCRIPTION,
            contact=contact,
        ),
        created_by="dora",
        submitted_at=datetime.now(UTC),
    )


@dataclass
class Progress:
    """How many records are durable, and since when the first ones are."""

    done: int = 0
    first: int = 0
    began: float = 0
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def watching(self, subscription: Subscription) -> Subscription:
        """Return the subscription, with its batches counted once they are durable."""

        def handle(records: Sequence[RawRecord]) -> Awaitable[None]:
            return self._count(subscription.handle(records), len(records))

        return replace(subscription, handle=handle)

    async def _count(self, handled: Awaitable[None], records: int) -> None:
        await handled
        self.done += records
        if not self.began:
            self.began, self.first = time.perf_counter(), records
        if self.done >= RECORDS:
            self.finished.set()


async def _ours(broker: Broker, pool: Pool) -> float:
    stopping, progress = asyncio.Event(), Progress()
    consumers = Consumers(
        broker.settings,
        [progress.watching(one) for one in subscriptions(pool, WakeUps())],
        client_id="benchmark",
        heartbeats=Heartbeats(SystemClock()),
    )
    run = asyncio.create_task(consumers.run(stopping))
    async with asyncio.timeout(60):
        await progress.finished.wait()
    elapsed = time.perf_counter() - progress.began
    assert await pool.fetchval("SELECT count(*) FROM documents") == RECORDS
    stopping.set()
    await run
    return (RECORDS - progress.first) / elapsed


async def _ceiling(broker: Broker, pool: Pool) -> float:
    consumer = AIOKafkaConsumer(
        topic_name(broker.settings, CASE_SUBMITTED),
        bootstrap_servers=broker.settings.kafka_bootstrap_servers,
        group_id=f"{broker.settings.kafka_group_prefix}ceiling",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    first = await _store_some(consumer, pool)
    began, done = time.perf_counter(), first
    while done < RECORDS:
        done += await _store_some(consumer, pool)
    elapsed = time.perf_counter() - began
    await consumer.stop()
    return (RECORDS - first) / elapsed


async def _store_some(consumer: AIOKafkaConsumer, pool: Pool) -> int:
    fetched = await consumer.getmany(timeout_ms=1000, max_records=MAX_RECORDS)
    records = [record for part in fetched.values() for record in part]
    if records:
        events = [orjson.loads(record.value) for record in records]
        keys, ids = [event["web_case_id"] for event in events], [event["submission_id"] for event in events]
        contents = [event["content"] for event in events]
        who = (drafts.DEALER, drafts.DATA_AREA_ID, drafts.CUSTOMER_ACCOUNT)
        await pool.execute(INSERT, keys, ids, *who, contents)
        await consumer.commit()
    return len(records)


BENCHMARK = Benchmark("consume", play, (Goal("ratio", at_least=0.74),))
