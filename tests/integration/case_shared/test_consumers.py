"""Offsets move only after the outcome is durable, on a real Kafka and PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from faststream.kafka import KafkaBroker

from case_shared.database.postgres import Connection, Pool
from case_shared.kafka.connection import KafkaSettings, RawRecord, Subscription
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.records import store_batch
from case_shared.kafka.topics import PARTITIONS
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats, NotReady
from case_shared.words.errors import Flooded, UnreadableRecord
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually

TOPIC = "numbers"
GROUP = "readers"


@asynccontextmanager
async def consuming(
    broker: Broker, handle: Callable[[Sequence[RawRecord]], Awaitable[None]], *others: Subscription
) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    subscriptions = [Subscription(TOPIC, GROUP, handle), *others]
    consumers = Consumers(broker.settings, subscriptions, client_id="test", heartbeats=Heartbeats(SystemClock()))
    run = asyncio.create_task(consumers.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await run


async def committed(broker: Broker) -> int:
    """How many records the group has committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(f"{broker.settings.kafka_group_prefix}{GROUP}")
        return sum(offset.offset for offset in offsets.values() if offset.offset >= 0)
    finally:
        await admin.close()


async def send(broker: Broker, *values: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
    async with broker.producer() as producer:
        name = f"{broker.settings.kafka_topic_prefix}{TOPIC}"
        for number, value in enumerate(values):
            await producer.send_and_wait(name, value, str(number).encode(), headers=list(headers))


@dataclass
class Handler:
    """Records the values that it receives, after failing `failures` times."""

    failures: int = 0
    calls: int = 0
    values: list[bytes | None] = field(default_factory=list)

    async def __call__(self, records: Sequence[RawRecord]) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError("the database is away")
        self.values += [record.value for record in records]

    async def count(self) -> int:
        return len(self.values)


@pytest.mark.parametrize("request_name", ["FetchRequest", "HeartbeatRequest", "OffsetCommitRequest"])
async def test_a_consumer_whose_inner_task_dies_is_made_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, request_name: str
) -> None:
    """Found by seed 31 of `make chaos`: under uvloop a write to a connection just closed is a RuntimeError."""
    await broker.create(TOPIC)
    handler = Handler()
    strikes: list[str] = []
    send_request = AIOKafkaClient.send

    async def strike_once(self: AIOKafkaClient, node: Any, request: Any, **more: Any) -> Any:
        if type(request).__name__.startswith(request_name) and handler.values and not strikes:
            strikes.append(request_name)
            raise RuntimeError("the handler is closed")
        return await send_request(self, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", strike_once)
    async with consuming(broker, handler):
        await send(broker, b"1")
        await eventually(handler.count, lambda count: count >= 1, within_seconds=20)
        await send(broker, *[b"2"] * 5)
        await eventually(lambda: asyncio.sleep(0, strikes), bool, within_seconds=20)
        await send(broker, *[b"3"] * 20)
        await eventually(
            lambda: asyncio.sleep(0, handler.values.count(b"3")), lambda count: count >= 20, within_seconds=20
        )


async def test_a_start_that_fails_midway_leaves_no_second_member_behind(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first member that nobody watches would keep its partitions, and never commit them."""
    await broker.create(TOPIC, "letters")
    starts: list[AIOKafkaConsumer] = []
    start = AIOKafkaConsumer.start

    async def fail_the_second(self: AIOKafkaConsumer) -> None:
        starts.append(self)
        if len(starts) == 2:
            raise KafkaConnectionError("Kafka died just now")
        await start(self)

    monkeypatch.setattr(AIOKafkaConsumer, "start", fail_the_second)
    handler, other = Handler(), Handler()
    async with consuming(broker, handler, Subscription("letters", GROUP, other)):
        await eventually(lambda: asyncio.sleep(0, len(starts)), lambda count: count >= 3)
        await send(broker, *(b"%d" % number for number in range(20)))
        # While the group is shared a commit may be refused, and what it was for comes again.
        await eventually(handler.count, lambda count: count >= 20)
        await eventually(lambda: committed(broker), lambda count: count == 20)


async def test_offsets_are_committed_after_the_handler(broker: Broker) -> None:
    await broker.create(TOPIC)
    await send(broker, *(b"%d" % number for number in range(20)))
    handler = Handler()
    async with consuming(broker, handler):
        await eventually(handler.count, lambda count: count >= 20)
        await eventually(lambda: committed(broker), lambda count: count == 20)


async def test_a_batch_that_fails_is_tried_again_and_not_skipped(broker: Broker) -> None:
    await broker.create(TOPIC)
    await send(broker, b"1", b"2", b"3")
    handler = Handler(failures=3)
    async with consuming(broker, handler):
        await eventually(lambda: asyncio.sleep(0, set(handler.values)), lambda seen: seen == {b"1", b"2", b"3"})
    assert await committed(broker) == 3


async def test_nothing_is_committed_for_a_batch_that_never_succeeds(broker: Broker) -> None:
    await broker.create(TOPIC)
    await send(broker, b"1", b"2")
    handler = Handler(failures=1_000)

    async def calls() -> int:
        return handler.calls

    async with consuming(broker, handler):
        await eventually(calls, lambda count: count >= 2)
    assert await committed(broker) == 0
    second = Handler()
    async with consuming(broker, second):
        await eventually(second.count, lambda count: count >= 2)


async def test_a_header_that_is_no_text_and_an_empty_value_come_through(broker: Broker) -> None:
    """FastStream's own parser raises on such a header, and the record would be lost."""
    await broker.create(TOPIC)
    await send(broker, b"1", None, headers=[("poison", b"\xff\xfe"), ("correlation_id", b"\xff")])
    handler = Handler()
    async with consuming(broker, handler):
        await eventually(handler.count, lambda count: count >= 2)
        await eventually(lambda: committed(broker), lambda count: count == 2)


def read(record: RawRecord) -> int:
    try:
        return int(json.loads(record.value or b""))
    except ValueError as error:
        raise UnreadableRecord(f"no number: {error}") from None


async def store(connection: Connection, numbers: Sequence[int]) -> None:
    # Only the database refuses 2^15 as out of range.
    await connection.execute("INSERT INTO public.numbers SELECT unnest($1::int[])::smallint", numbers)


@asynccontextmanager
async def numbers_table(database: Database) -> AsyncIterator[Pool]:
    async with database.connect() as superuser:
        await superuser.execute("CREATE TABLE public.numbers (number smallint)")
        await superuser.execute("GRANT ALL ON public.numbers TO d365_sync")
    async with database.pool("d365_sync") as pool:
        yield pool


async def test_what_cannot_be_read_or_stored_is_kept_and_delays_nothing(broker: Broker, database: Database) -> None:
    await broker.create(TOPIC)
    values = [b"%d" % number for number in range(100)]
    values[30], values[60] = b"no number", b"40000"
    async with numbers_table(database) as pool:
        await send(broker, *values, None, headers=[("h", b"\xff")])

        async def handle(records: Sequence[RawRecord]) -> None:
            await store_batch(pool, GROUP, records, read, store)

        async with consuming(broker, handle):
            await eventually(lambda: committed(broker), lambda count: count == 101)
        assert await pool.fetchval("SELECT count(DISTINCT number) FROM public.numbers") == 98
        async with database.connect() as superuser:
            kept = await superuser.fetch("SELECT * FROM d365_sync.unreadable_records ORDER BY cause")
    causes = {row["value"]: row["cause"] for row in kept}
    assert set(causes) == {None, b"no number", b"40000"}
    assert "out of range" in causes[b"40000"]
    assert all((row["consumer_group"], row["headers"]) == (GROUP, [["h", "ff"]]) for row in kept)


async def test_a_record_delivered_twice_is_kept_once(broker: Broker, database: Database) -> None:
    await broker.create(TOPIC)
    await send(broker, b"no number")
    [record] = await broker.read_all(TOPIC)
    async with numbers_table(database) as pool:
        for _ in range(2):
            assert await store_batch(pool, GROUP, [record], read, store) == []
        async with database.connect() as superuser:
            assert await superuser.fetchval("SELECT count(*) FROM d365_sync.unreadable_records") == 1


async def test_a_batch_is_one_commit(broker: Broker, database: Database) -> None:
    await broker.create(TOPIC)
    await send(broker, b"1", b"2", b"x")
    records = await broker.read_all(TOPIC)
    async with numbers_table(database) as pool:
        statements: list[str] = []
        async with pool.acquire() as connection:
            connection.add_query_logger(lambda entry: statements.append(entry.query))
        await store_batch(pool, GROUP, records, read, store)
    assert sum("COMMIT" in statement for statement in statements) == 1


async def test_consumers_wait_for_a_broker_that_is_away(broker: Broker) -> None:
    away = Broker(broker.settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"}))
    handler = Handler()
    async with consuming(away, handler):
        pass
    assert handler.calls == 0


async def test_a_consumer_that_never_joined_is_not_ready_after_its_start_up_time(broker: Broker) -> None:
    away = broker.settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9", "kafka_start_seconds": 20})
    clock, stopping = StepClock(), asyncio.Event()
    consumers = Consumers(
        away, [Subscription(TOPIC, GROUP, Handler())], client_id="t", heartbeats=Heartbeats(clock)
    )  # fmt: skip
    run = asyncio.create_task(consumers.run(stopping))
    try:
        await eventually(lambda: asyncio.sleep(0, consumers.states[0].last_error))
        assert await consumers.ready(), "it has its start-up time"
        clock.now_seconds += 21
        with pytest.raises(
            NotReady, match=f"{TOPIC} has not joined group .*{GROUP} since the service started: KafkaConn"
        ):
            await consumers.ready()
    finally:
        stopping.set()
        await run


async def test_an_error_of_reading_ends_the_consumer_is_reported_and_loses_nothing(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream's loop slept after such errors, and without a logger nobody saw them."""
    await broker.create(TOPIC, "letters")
    handler, other, stopping = Handler(), Handler(), asyncio.Event()
    struck = asyncio.Event()
    getmany = AIOKafkaConsumer.getmany

    async def strike_once(self: AIOKafkaConsumer, *partitions: Any, **more: Any) -> Any:
        taken = await getmany(self, *partitions, **more)
        if taken and handler.values and not struck.is_set() and partitions[0].topic.endswith(TOPIC):
            struck.set()
            raise TopicAuthorizationFailedError(partitions[0].topic)  # the records that were fetched are lost with it
        return taken

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", strike_once)
    consumers = Consumers(
        broker.settings,
        [Subscription(TOPIC, GROUP, handler), Subscription("letters", f"{GROUP}.letters", other)],
        client_id="t",
        heartbeats=Heartbeats(SystemClock()),
    )
    run = asyncio.create_task(consumers.run(stopping))
    try:
        await eventually(lambda: asyncio.sleep(0, consumers.started))
        await send(broker, b"1")
        await eventually(handler.count, lambda count: count >= 1)
        await send(broker, *(b"%d" % number for number in range(2, 30)))
        await struck.wait()
        await eventually(lambda: asyncio.sleep(0, consumers.states[0].problem))
        with pytest.raises(NotReady, match=r"failed and restarts.*TopicAuthorizationFailed"):
            await consumers.ready()
        assert consumers.states[1].joined, "the other one goes on"
        await eventually(lambda: asyncio.sleep(0, {int(v or 0) for v in handler.values} == set(range(1, 30))))
        await eventually(lambda: committed(broker), lambda count: count == 29)
        assert await consumers.ready()
    finally:
        stopping.set()
        await run


async def test_a_partition_that_no_member_reads_is_noticed(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("case_shared.kafka.consuming._MEASURE_SECONDS", 0.3)
    monkeypatch.setattr("case_shared.kafka.consuming._LOOK_SECONDS", 0.1)
    await broker.create(TOPIC)
    consumers = Consumers(
        broker.settings, [Subscription(TOPIC, GROUP, Handler())], client_id="t", heartbeats=Heartbeats(SystemClock())
    )
    stopping, (state,) = asyncio.Event(), consumers.states
    run = asyncio.create_task(consumers.run(stopping))
    try:
        await eventually(lambda: asyncio.sleep(0, len(state.assigned)), lambda count: count == PARTITIONS)
        assert await consumers.flow()
        with monkeypatch.context() as patched:
            # The group's own answer says which partitions have an owner; drop one of them.
            async def all_but_one(*_: Any) -> set[TopicPartition]:
                return set(state.assigned) - {TopicPartition(state.topic, 3)}

            patched.setattr("case_shared.kafka.consuming.partitions_with_owner", all_but_one)
            await eventually(lambda: asyncio.sleep(0, state.unowned), lambda count: count == 1)
            with pytest.raises(NotReady, match=f"1 partitions of {state.topic} have no consumer"):
                await consumers.flow()
        await eventually(lambda: asyncio.sleep(0, state.unowned), lambda count: count == 0)
    finally:
        stopping.set()
        await run


async def test_consumers_start_with_several_addresses_of_which_one_is_dead(broker: Broker) -> None:
    """FastStream reads a string as one address, so no consumer started while the producers did."""
    await broker.create(TOPIC)
    addresses = f"127.0.0.1:9, {broker.settings.kafka_bootstrap_servers}"
    several = Broker(KafkaSettings(**{**broker.settings.model_dump(), "kafka_bootstrap_servers": addresses}))
    handler = Handler()
    async with consuming(several, handler):
        await send(broker, b"1")
        await eventually(handler.count, lambda count: count >= 1)


def as_records(values: Sequence[bytes], first: int = 0) -> list[RawRecord]:
    return [Raw(value, first + number) for number, value in enumerate(values)]


@dataclass
class Raw:
    """A record as aiokafka returns it."""

    value: bytes | None
    offset: int
    topic: str = TOPIC
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = b"k"
    headers: Sequence[tuple[str, Any]] = ()


async def paused(database: Database) -> list[Any]:
    async with database.connect() as superuser:
        return list(await superuser.fetch("SELECT * FROM d365_sync.paused_consumers"))


async def kept(database: Database) -> int:
    async with database.connect() as superuser:
        count: int = await superuser.fetchval("SELECT count(*) FROM d365_sync.unreadable_records")
        return count


async def test_what_nobody_foresaw_in_one_record_blocks_no_other(database: Database) -> None:
    def reads(record: RawRecord) -> int:
        return int(json.loads(record.value or b"")["n"])  # a TypeError if it is a bare number

    async def stores(connection: Connection, numbers: Sequence[int]) -> None:
        if 3 in numbers:
            raise ValueError("three is no number of ours")  # like pydantic's errors
        await store(connection, numbers)

    async with numbers_table(database) as pool:
        records = as_records([b'{"n": 1}', b"2", b'{"n": 3}', b'{"n": 4}'])
        assert await store_batch(pool, GROUP, records, reads, stores) == [1, 4]
        async with database.connect() as superuser:
            rows = await superuser.fetch("SELECT record_offset, cause FROM d365_sync.unreadable_records ORDER BY 1")
    assert [row["record_offset"] for row in rows] == [1, 2]
    assert "TypeError" in rows[0]["cause"]
    assert "three is no number" in rows[1]["cause"]


@pytest.mark.parametrize("bad", [b"no number", b"40000"], ids=["unreadable", "refused by the database"])
async def test_a_flood_stores_nothing_more_and_is_reported_until_its_cause_is_gone(
    database: Database, bad: bytes
) -> None:
    gate = FloodGate()
    records = as_records([b"1", bad] * 100 + [bad] * 50)
    async with numbers_table(database) as pool:
        for _ in range(2):
            with pytest.raises(Flooded, match=r"\d+ of the last \d+ records cannot be read"):
                await store_batch(pool, GROUP, records, read, store, gate)
        [row] = await paused(database)
        assert (row["consumer_group"], row["topic"]) == (GROUP, TOPIC)
        assert "of partition 0" in row["cause"]
        # What only the database refuses is found one by one: those found before the flood was noticed are kept.
        assert await kept(database) <= (0 if bad == b"no number" else 125)

        # With a release that can read them: nothing was skipped.
        await store_batch(pool, GROUP, records, lambda _record: 7, store, gate)
        assert await pool.fetchval("SELECT count(*) FROM public.numbers WHERE number = 7") == len(records)
    assert await paused(database) == []


async def test_a_flood_that_an_operator_lets_through_is_kept_apart(database: Database) -> None:
    gate = FloodGate()
    records = as_records([b"no number"] * 150 + [b"1"] * 50)
    async with numbers_table(database) as pool:
        with pytest.raises(Flooded):
            await store_batch(pool, GROUP, records, read, store, gate)
        async with database.connect() as superuser:
            await superuser.execute(
                "UPDATE d365_sync.paused_consumers SET let_through_until = now() + interval '1 hour'"
            )
        assert await store_batch(pool, GROUP, records, read, store, gate) == [1] * 50
        assert await kept(database) == 150
        # The next batch is judged independently.
        assert await store_batch(pool, GROUP, as_records([b"x", b"2"], 200), read, store, gate) == [2]


async def flows(consumers: Consumers) -> bool:
    try:
        return await consumers.flow()
    except NotReady:
        return False


async def test_a_flood_pauses_the_consumer_and_says_so(broker: Broker, database: Database) -> None:
    await broker.create(TOPIC)
    gate, readable = FloodGate(), False
    stopping, heartbeats = asyncio.Event(), Heartbeats(SystemClock())
    async with numbers_table(database) as pool:

        async def handle(records: Sequence[RawRecord]) -> None:
            await store_batch(pool, GROUP, records, (lambda _record: 7) if readable else read, store, gate)

        consumers = Consumers(
            broker.settings, [Subscription(TOPIC, GROUP, handle)], client_id="test", heartbeats=heartbeats
        )
        run = asyncio.create_task(consumers.run(stopping))
        try:
            await send(broker, *[b"no number"] * 300)
            await eventually(lambda: paused(database), lambda rows: len(rows) == 1)
            assert consumers.started
            # The row is there a moment before the consumer knows.
            await eventually(lambda: flows(consumers), lambda flowing: not flowing)
            assert heartbeats.stuck() == {}
            before = await kept(database)
            assert before < 100, "fewer than a flood needs"
            readable = True

            async def stored() -> int:
                count: int = await pool.fetchval("SELECT count(*) FROM public.numbers")
                return count

            await eventually(stored, lambda count: count >= 300 - before)
            await eventually(lambda: committed(broker), lambda count: count == 300)
            await eventually(lambda: flows(consumers))
        finally:
            stopping.set()
            await run
    assert await paused(database) == []


async def test_a_handler_that_hangs_is_reported_by_health_and_one_that_is_idle_is_not(broker: Broker) -> None:
    await broker.create(TOPIC)
    clock = StepClock()
    heartbeats, hanging, stopping = Heartbeats(clock), asyncio.Event(), asyncio.Event()

    async def hang(_records: Sequence[RawRecord]) -> None:
        hanging.set()
        await stopping.wait()

    consumers = Consumers(broker.settings, [Subscription(TOPIC, GROUP, hang)], client_id="t", heartbeats=heartbeats)
    run = asyncio.create_task(consumers.run(stopping))
    try:

        async def started() -> bool:
            return consumers.started

        await eventually(started)
        clock.now_seconds += 31
        assert heartbeats.stuck() == {}, "idle"
        await send(broker, b"1")
        await hanging.wait()
        clock.now_seconds += 31
        assert list(heartbeats.stuck()) == [f"batch of {TOPIC}"]
    finally:
        stopping.set()
        await run


async def test_a_start_that_hangs_is_reported_by_health(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stopping, starting = StepClock(), asyncio.Event(), asyncio.Event()
    heartbeats = Heartbeats(clock)

    async def hang(_broker: KafkaBroker) -> None:
        starting.set()
        await stopping.wait()

    monkeypatch.setattr(KafkaBroker, "start", hang)
    handler = Handler()
    consumers = Consumers(broker.settings, [Subscription(TOPIC, GROUP, handler)], client_id="t", heartbeats=heartbeats)
    run = asyncio.create_task(consumers.run(stopping))
    await starting.wait()
    assert heartbeats.stuck() == {}
    clock.now_seconds += 91
    assert list(heartbeats.stuck()) == [f"consumer of {TOPIC}"]
    stopping.set()
    await run


class StepClock(SystemClock):
    """A clock that the test moves on."""

    now_seconds = 0.0

    def monotonic(self) -> float:
        return self.now_seconds
