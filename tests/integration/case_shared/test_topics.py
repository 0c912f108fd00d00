"""Topics as they are created."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from case_shared.topics import CASE_SUBMITTED, ensure_topics, topic_name
from tests.support.brokers import Broker


async def retention_ms(broker: Broker, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        found: Any = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        return int(found["retention.ms"])
    finally:
        await admin.close()


async def test_a_topic_keeps_its_events_as_long_as_it_was_created_for(broker: Broker) -> None:
    topic = topic_name(broker.settings, CASE_SUBMITTED)
    two_days = broker.settings.model_copy(update={"retention_event_days": 2.0})
    assert await ensure_topics(two_days, CASE_SUBMITTED) == [topic]
    assert await retention_ms(broker, topic) == 2 * 24 * 3600 * 1000
    assert await ensure_topics(broker.settings, CASE_SUBMITTED) == []
