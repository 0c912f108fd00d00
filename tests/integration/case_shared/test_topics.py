"""How topics are created."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import BrokerNotAvailableError, InvalidReplicationFactorError

from case_shared.kafka import topics
from case_shared.kafka.connection import METADATA_MS
from case_shared.kafka.topics import CASE_SUBMITTED, ensure_topics, topic_name
from tests.integration.case_shared.test_consumers import GROUP, TOPIC, Handler, consuming, send
from tests.support.batches import Sent, encoded, sending
from tests.support.brokers import Broker
from tests.support.eventually import eventually


async def retention_ms(broker: Broker, topic: str) -> int | None:
    """The topic's retention in milliseconds; None until the broker's metadata has the topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        found: Any = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        return int(found["retention.ms"]) if found else None
    finally:
        await admin.close()


async def test_a_topic_keeps_its_events_as_long_as_it_was_created_for(broker: Broker) -> None:
    topic = topic_name(broker.settings, CASE_SUBMITTED)
    two_days = broker.settings.model_copy(update={"retention_event_days": 2.0})
    assert await ensure_topics(two_days, CASE_SUBMITTED) == [topic]
    kept = await eventually(lambda: retention_ms(broker, topic), lambda kept: kept is not None)
    assert kept == 2 * 24 * 3600 * 1000
    assert await ensure_topics(broker.settings, CASE_SUBMITTED) == []


class StartingKafka(AIOKafkaAdminClient):  # type: ignore[misc]
    """Kafka right after its start: first without a controller, then without an available broker."""

    without_controller = 2
    without_broker = 2

    async def start(self) -> None:
        await super().start()
        client, asks = self._client, self._client.force_metadata_update
        client.cluster.controller = None

        async def ask() -> bool:
            answered = bool(await asks())
            if self.without_controller:
                self.without_controller -= 1
                client.cluster.controller = None
            return answered

        client.force_metadata_update = ask

    async def create_topics(self, new_topics: list[NewTopic], *_: Any, **__: Any) -> Any:
        if not self.without_broker:
            return await super().create_topics(new_topics)
        self.without_broker -= 1
        code = InvalidReplicationFactorError.errno
        return SimpleNamespace(topic_errors=[(one.name, code, None) for one in new_topics])


async def test_topics_wait_for_a_kafka_that_is_still_starting(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "AIOKafkaAdminClient", StartingKafka)
    topic = topic_name(broker.settings, CASE_SUBMITTED)
    assert await ensure_topics(broker.settings, CASE_SUBMITTED) == [topic]
    hasty = broker.settings.model_copy(update={"kafka_start_seconds": 0.7})
    for lacks in ("without_broker", "without_controller"):
        monkeypatch.setattr(StartingKafka, lacks, 1_000)
        with pytest.raises(BrokerNotAvailableError, match=r"After 0\.7 s, Kafka has no controller"):
            await ensure_topics(hasty, CASE_SUBMITTED)


async def test_added_partitions_and_a_topic_made_again_are_read(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka refreshes partitions only every five minutes; deleting a topic deletes a group's offsets in it."""
    assert METADATA_MS <= 30_000, "seen within 60 s"
    monkeypatch.setattr("case_shared.kafka.broker.METADATA_MS", 500)
    await broker.create(TOPIC)
    name, handler = topic_name(broker.settings, TOPIC), Handler()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        async with consuming(broker, handler):
            await send(broker, *[b"old"] * 10)
            await eventually(handler.count, lambda count: count >= 10)
            await admin.create_partitions({name: NewPartitions(7)})
            async with sending(broker.settings, name) as sender:
                await sender.send(TopicPartition(name, 6), encoded([Sent(b"added")]))
            await eventually(lambda: asyncio.sleep(0, b"added" in handler.values))
            await admin.delete_topics([name])
            await eventually(lambda: made_anew(broker))
            await send(broker, *[b"new"] * 3)
            await eventually(lambda: asyncio.sleep(0, handler.values.count(b"new")), lambda count: count >= 3)
    finally:
        await admin.close()


async def test_a_place_behind_the_end_of_a_topic_made_again_begins_at_its_beginning(broker: Broker) -> None:
    """Never at the end: that would skip what arrived while nobody read."""
    await broker.create(TOPIC)
    await send(broker, b"1")
    group = f"{broker.settings.kafka_group_prefix}{GROUP}"
    place = TopicPartition(topic_name(broker.settings, TOPIC), (await broker.read_all(TOPIC))[0].partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.settings.kafka_bootstrap_servers, group_id=group)
    await consumer.start()
    consumer.assign([place])
    await consumer.commit({place: 5_000})
    await consumer.stop()
    handler = Handler()
    async with consuming(broker, handler):
        await eventually(handler.count, lambda count: count >= 1)


async def made_anew(broker: Broker) -> bool:
    return bool(await ensure_topics(broker.settings, TOPIC))
