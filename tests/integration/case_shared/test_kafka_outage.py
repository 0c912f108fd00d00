"""An outage of Kafka: each sender gives up in time and reports it, and all send and read again once it is back."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from case_shared.kafka.broker import commit
from case_shared.kafka.connection import KafkaSettings, RawRecord, create_producer
from case_shared.kafka.outbox import sender_for
from case_shared.kafka.producing import Sender, let_go, started
from case_shared.kafka.topics import CASE_SUBMITTED, PARTITIONS
from case_shared.process.private import inner_tasks, sender_of
from case_shared.words.events import Record
from tests.integration.case_api.test_stream import live_is, world_on
from tests.integration.case_shared.test_consumers import TOPIC, Handler, consuming
from tests.integration.case_shared.test_consumers import send as send_to
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.servers import OwnKafka, own_kafka

SEND_SECONDS = 3.0
RECOVERY_SECONDS = 20
# More than fits into one batch of a producer, so that a send is also cut off while it waits for room.
SENT = [Record(CASE_SUBMITTED, b"W0", b'"' + b"x" * 10_000 + b'"', [])] * 12


@asynccontextmanager
async def senders(settings: KafkaSettings) -> AsyncIterator[list[Sender]]:
    """An outbox publisher's sender, with large batches, and the sender of events that arrive over HTTPS."""
    large, small = sender_for(settings, "test"), Sender(lambda: create_producer(settings, client_id="test-events"))
    yield [large, small]
    for sender in (large, small):
        await sender.close()


async def gives_up(sender: Sender) -> None:
    usual, sender.send_seconds = sender.send_seconds, SEND_SECONDS
    async with asyncio.timeout(4 * SEND_SECONDS * PATIENCE):
        with pytest.raises((KafkaError, OSError)):
            await sender.send(SENT)
    # A Kafka that has just come back may take its time.
    sender.send_seconds = usual


@pytest_asyncio.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnKafka]:
    async with own_kafka(tmp_path_factory.mktemp("kafka")) as running:
        await Broker(KafkaSettings(kafka_bootstrap_servers=running.address)).create(CASE_SUBMITTED, TOPIC)
        yield running


@asynccontextmanager
async def sending_around(
    kafka: OwnKafka, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Each sender sends before and after the block; await the yielded function once Kafka is gone."""
    gc.collect()  # what other tests left behind is reported now
    caplog.clear()
    async with senders(KafkaSettings(kafka_bootstrap_servers=kafka.address)) as found:

        async def all_give_up() -> None:
            await asyncio.gather(*(gives_up(sender) for sender in found))

        for sender in found:
            await sender.send(SENT)
        yield all_give_up
        for sender in found:
            await sender.send(SENT)
    gc.collect()  # a future reports only on collection that nobody retrieved its exception
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_a_send_ends_though_kafka_is_frozen_and_the_next_one_arrives(
    kafka: OwnKafka, caplog: pytest.LogCaptureFixture
) -> None:
    async with sending_around(kafka, caplog) as all_give_up:
        kafka.send(signal.SIGSTOP)
        try:
            await all_give_up()
        finally:
            kafka.send(signal.SIGCONT)


async def test_senders_give_up_and_consumers_wait_where_kafka_is_killed_and_both_go_on(
    kafka: OwnKafka, caplog: pytest.LogCaptureFixture
) -> None:
    broker, handler = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address)), Handler()
    async with consuming(broker, handler):
        await send_to(broker, b"before")
        await eventually(handler.count, lambda count: count >= 1)
        async with sending_around(kafka, caplog) as all_give_up:
            kafka.server.kill()
            await all_give_up()
            await kafka.restart()
            await send_to(broker, b"after")
            await eventually(
                lambda: asyncio.sleep(0, set(handler.values)),
                lambda seen: seen == {b"before", b"after"},
                within_seconds=RECOVERY_SECONDS,
            )


async def until_read(handler: Handler, value: bytes) -> None:
    await eventually(
        lambda: asyncio.sleep(0, handler.values), lambda seen: value in seen, within_seconds=RECOVERY_SECONDS
    )


def struck_metadata(monkeypatch: pytest.MonkeyPatch, client_id: str) -> list[str]:
    """Let the next request for metadata fail as under uvloop, where a write to a connection just closed does."""
    strikes: list[str] = []
    send_request = AIOKafkaConnection.send

    def strike_once(self: AIOKafkaConnection, request: Any, *arguments: Any, **more: Any) -> Any:
        if isinstance(request, MetadataRequest) and self._client_id == client_id and not strikes:
            strikes.append(client_id)
            raise RuntimeError("the handler is closed")
        return send_request(self, request, *arguments, **more)

    monkeypatch.setattr(AIOKafkaConnection, "send", strike_once)
    return strikes


async def test_a_consumer_whose_metadata_task_dies_in_an_outage_is_made_again(
    kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for metadata waits forever: a consumer of status-sync read nothing more after kill -9 of Kafka."""
    broker, handler = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address)), Handler()
    async with consuming(broker, handler):
        await send_to(broker, b"before")
        await eventually(handler.count, lambda count: count >= 1)
        kafka.server.kill()
        strikes, starts = struck_metadata(monkeypatch, "test"), counted_starts(monkeypatch)
        await kafka.restart()
        await eventually(lambda: asyncio.sleep(0, strikes), bool, within_seconds=RECOVERY_SECONDS)
        await eventually(lambda: asyncio.sleep(0, starts), bool, within_seconds=RECOVERY_SECONDS)
        await send_to(broker, b"after")
        await until_read(handler, b"after")


def counted_starts(monkeypatch: pytest.MonkeyPatch) -> list[AIOKafkaConsumer]:
    starts: list[AIOKafkaConsumer] = []
    start = AIOKafkaConsumer.start

    async def counted(self: AIOKafkaConsumer) -> None:
        starts.append(self)
        await start(self)

    monkeypatch.setattr(AIOKafkaConsumer, "start", counted)
    return starts


async def test_a_consumer_that_hears_nothing_from_kafka_is_made_again(
    kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("SILENT", 3.0), ("MEASURE", 0.5), ("MEASURE_TIMEOUT", 0.5)):
        monkeypatch.setattr(f"case_shared.kafka.consuming._{name}_SECONDS", seconds)
    broker, handler = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address)), Handler()
    starts, deaf = counted_starts(monkeypatch), set[int]()
    send_request = AIOKafkaClient.send

    async def unanswered(self: AIOKafkaClient, *arguments: Any, **more: Any) -> Any:
        if id(self) in deaf:
            await asyncio.Event().wait()
        return await send_request(self, *arguments, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", unanswered)
    async with consuming(broker, handler):
        await send_to(broker, b"before")
        await eventually(handler.count, lambda count: count >= 1)
        deaf.add(id(starts[0]._client))
        # What it had asked for before may still arrive.
        await eventually(lambda: asyncio.sleep(0, len(starts)), lambda count: count == 2, within_seconds=20)
        await send_to(broker, b"after")
        await until_read(handler, b"after")
        assert len(starts) == 2, "one that is answered stays"


async def test_a_consumer_whose_questions_kafka_refuses_stays(kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to describe its group it cannot be measured; joining again and again would stop all others."""
    for name, seconds in (("SILENT", 0.5), ("MEASURE", 0.1), ("LOOK", 0.1)):
        monkeypatch.setattr(f"case_shared.kafka.consuming._{name}_SECONDS", seconds)
    asked: list[str] = []

    async def refused(_consumer: AIOKafkaConsumer, group: str) -> None:
        asked.append(group)
        raise GroupAuthorizationFailedError(group)

    monkeypatch.setattr("case_shared.kafka.consuming.partitions_with_owner", refused)
    broker, handler = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address)), Handler()
    starts = counted_starts(monkeypatch)
    async with consuming(broker, handler):
        await eventually(lambda: asyncio.sleep(0, len(asked)), lambda count: count >= 20)
        await send_to(broker, b"read")
        await eventually(lambda: asyncio.sleep(0, handler.values), lambda seen: b"read" in seen)
    assert len(starts) == 1


async def test_a_consumer_that_is_replaced_during_a_write_leaves_no_member_behind(
    kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its successor shares the topic with it otherwise, and nobody reads the partitions of the one left behind."""
    monkeypatch.setattr("case_shared.kafka.broker.STOP_SECONDS", 0.5)
    broker = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address))
    begun, goes_on = asyncio.Event(), asyncio.Event()
    starts = counted_starts(monkeypatch)
    seen: set[bytes | None] = set()

    async def handle(records: Sequence[RawRecord]) -> None:
        if len(starts) == 1:
            begun.set()
            await goes_on.wait()
        seen.update(record.value for record in records)

    async with consuming(broker, handle):
        await send_to(broker, b"before")
        await begun.wait()
        fetching, *_ = inner_tasks(starts[0])
        fetching.cancel()
        await eventually(lambda: asyncio.sleep(0, len(starts)), lambda count: count == 2, within_seconds=20)
        first = starts[0]
        await eventually(lambda: asyncio.sleep(0, all(task.done() for task in inner_tasks(first))))
        values = [b"%d" % number for number in range(PARTITIONS * 5)]
        await send_to(broker, *values)
        await eventually(
            lambda: asyncio.sleep(0, seen), lambda found: found >= {b"before", *values}, within_seconds=RECOVERY_SECONDS
        )
        goes_on.set()


async def test_a_sender_whose_caller_gives_up_first_uses_another_producer(
    kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint for events waits for less time than its sender: a producer that hung was used until a restart."""
    sender = Sender(lambda: create_producer(KafkaSettings(kafka_bootstrap_servers=kafka.address), client_id="test"))
    try:
        await sender.send(SENT)
        hanging = sender._producer
        assert hanging is not None
        monkeypatch.setattr(hanging, "send", lambda *_, **__: asyncio.Event().wait())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await sender.send(SENT)
        await sender.send(SENT)
        await eventually(lambda: asyncio.sleep(0, sender_of(hanging)), lambda task: task is None or task.done())
    finally:
        await sender.close()


async def test_a_sender_gives_up_a_producer_that_does_not_start(kafka: OwnKafka) -> None:
    """aiokafka waits forever for brokers that have no ID for a producer."""
    settings = KafkaSettings(kafka_bootstrap_servers=kafka.address)
    made = [create_producer(settings, client_id="test") for _ in range(2)]
    cast("Any", made[0]).start = asyncio.Event().wait
    sender = Sender(iter(made).__next__, send_seconds=SEND_SECONDS)
    try:
        async with asyncio.timeout(4 * SEND_SECONDS * PATIENCE):
            with pytest.raises(TimeoutError):
                await sender.send(SENT)
        await sender.send(SENT)
    finally:
        await sender.close()


async def test_a_consumer_whose_start_hangs_starts_again(kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiokafka waits forever for a group whose coordinator is away, though the brokers answer."""
    monkeypatch.setattr("case_shared.kafka.consuming._JOIN_SECONDS", 1.0)
    starts, start = [], AIOKafkaConsumer.start

    async def hang_first(self: AIOKafkaConsumer) -> None:
        starts.append(self)
        if len(starts) == 1:
            await asyncio.Event().wait()
        await start(self)

    monkeypatch.setattr(AIOKafkaConsumer, "start", hang_first)
    broker, handler = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address)), Handler()
    async with consuming(broker, handler):
        await send_to(broker, b"read")
        await eventually(lambda: asyncio.sleep(0, handler.values), lambda seen: b"read" in seen, within_seconds=20)


async def test_a_commit_that_kafka_does_not_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("case_shared.kafka.broker._COMMIT_SECONDS", 0.1)

    class Unanswered:
        async def commit(self, _offsets: object) -> None:
            await asyncio.Event().wait()

    record = SimpleNamespace(topic="t", partition=0, offset=1)
    async with asyncio.timeout(5 * PATIENCE):
        await commit(Unanswered(), [cast("Any", record)])


async def test_a_producer_whose_metadata_task_has_died_is_let_go_and_leaves_no_connection(
    kafka: OwnKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = await started(create_producer(KafkaSettings(kafka_bootstrap_servers=kafka.address), client_id="struck"))
    strikes = struck_metadata(monkeypatch, "struck")
    asked = producer.client.force_metadata_update()
    await eventually(lambda: asyncio.sleep(0, strikes))
    assert not asked.done()
    await let_go(producer)
    assert not any(connection.connected() for connection in producer.client._conns.values())


async def test_streams_outlive_kafka(database: Database, kafka: OwnKafka, tmp_path: Path) -> None:
    broker = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address, kafka_topic_prefix="streams."))
    async with world_on(database, broker, tmp_path) as world:
        process = await world.replica(LIVE_KEEP_ALIVE_SECONDS="0.5")
        case = await world.case()
        async with world.watching(process) as watcher:
            await world.change(case, "in_process")
            await watcher.until(lambda one: len(one.cases) >= 1)
            kafka.server.kill()
            await eventually(lambda: live_is(process), lambda fine: not fine, within_seconds=40)
            await kafka.restart()
            await world.change(case, "open")
            await watcher.until(lambda one: one.statuses[-1] == "open", within_seconds=40)
            assert watcher.resyncs == []
            await eventually(lambda: live_is(process))
        about_live = [line for line in process.output().splitlines() if '"live"' in line]
        assert len(about_live) < 40, about_live
