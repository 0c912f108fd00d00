"""A group's offset in a topic moves only while nobody reads."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import UnknownTopicOrPartitionError

from case_shared.kafka.connection import RawRecord, Subscription
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.restoring import rewind, skip
from case_shared.kafka.topics import topic_name
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from tests.support.batches import Sent, encoded, sending
from tests.support.brokers import Broker
from tests.support.eventually import eventually

TOPIC, GROUP = "numbers", "readers"


class Reader:
    """A service that reads until it is stopped; `values` are those that it received."""

    def __init__(self, broker: Broker) -> None:
        self.values: list[bytes | None] = []
        self._stopping = asyncio.Event()
        consumers = Consumers(
            broker.settings,
            [Subscription(TOPIC, GROUP, self._handle)],
            client_id="test",
            heartbeats=Heartbeats(SystemClock()),
        )
        self._run = asyncio.create_task(consumers.run(self._stopping))

    async def _handle(self, records: Sequence[RawRecord]) -> None:
        self.values += [record.value for record in records]

    async def until(self, *expected: bytes) -> None:
        await eventually(lambda: asyncio.sleep(0, set(self.values)), lambda values: values == set(expected))

    async def stop(self) -> None:
        self._stopping.set()
        await self._run


async def send(broker: Broker, value: bytes) -> None:
    async with broker.producer() as producer:
        await producer.send_and_wait(f"{broker.settings.kafka_topic_prefix}{TOPIC}", value)


async def test_a_group_reads_again_or_skips_what_it_is_asked_to_while_it_has_no_members(broker: Broker) -> None:
    await broker.create(TOPIC)
    await send(broker, b"1")
    reader = Reader(broker)
    await reader.until(b"1")
    with pytest.raises(SystemExit, match="has members"):
        await rewind(broker.settings, GROUP, TOPIC)
    await reader.stop()

    await rewind(broker.settings, GROUP, TOPIC)
    again = Reader(broker)
    await again.until(b"1")
    await again.stop()

    await send(broker, b"2")
    await skip(broker.settings, GROUP, TOPIC)
    await send(broker, b"3")
    behind = Reader(broker)
    await behind.until(b"3")
    await behind.stop()


async def test_partitions_that_an_administrator_added_are_read_and_moved_as_well(broker: Broker) -> None:
    """Submissions in them would not have come back after a restore."""
    await broker.create(TOPIC)
    name = topic_name(broker.settings, TOPIC)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    await admin.create_partitions({name: NewPartitions(9)})
    await admin.close()
    async with sending(broker.settings, name) as sender:
        await sender.send(TopicPartition(name, 8), encoded([Sent(b"added")]))

    async def logged() -> list[bytes | None]:
        return [record.value for record in await broker.read_all(TOPIC)]

    assert await eventually(logged) == [b"added"]
    await skip(broker.settings, GROUP, TOPIC)
    async with sending(broker.settings, name) as sender:
        await sender.send(TopicPartition(name, 8), encoded([Sent(b"later")]))
    reader = Reader(broker)
    await reader.until(b"later")
    await reader.stop()


async def test_a_topic_that_is_not_there_is_named(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("case_shared.kafka.restoring._TRIES", 2)
    with pytest.raises(UnknownTopicOrPartitionError, match=TOPIC):
        await broker.read_all(TOPIC)
