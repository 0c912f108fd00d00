"""On how many brokers topics are kept: as the settings ask, or said by name and with the remedy."""

import asyncio
import os
import subprocess
import sys

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import BrokerNotAvailableError
from pydantic import ValidationError

from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.durability import shortfalls
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, ensure_topics, topic_name
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually

SAFE = {"kafka_replication_factor": 3, "kafka_min_insync_replicas": 2}


def asking(broker: Broker, **more: object) -> KafkaSettings:
    return KafkaSettings.model_validate({**broker.settings.model_dump(), **more})


async def min_insync(broker: Broker, topic: str) -> str | None:
    """None until the broker's metadata has the topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        found: dict[str, str] = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        return found.get("min.insync.replicas")
    finally:
        await admin.close()


async def test_topics_are_made_as_the_settings_ask(broker: Broker) -> None:
    topic = topic_name(broker.settings, CASE_SUBMITTED)
    # One broker can have no more replicas; tests/cluster has three.
    settings = asking(broker, kafka_replication_factor=1)
    assert await ensure_topics(settings, CASE_SUBMITTED) == [topic]
    assert await eventually(lambda: min_insync(broker, topic), lambda found: found is not None) == "1"
    other = topic_name(broker.settings, CASE_DELIVERY)
    assert await ensure_topics(asking(broker, kafka_min_insync_replicas=2), CASE_DELIVERY) == [other]
    assert await eventually(lambda: min_insync(broker, other), lambda found: found is not None) == "2"


async def test_too_few_brokers_for_the_factor_are_named_with_the_setting(broker: Broker) -> None:
    with pytest.raises(BrokerNotAvailableError, match=r"KAFKA_REPLICATION_FACTOR 3 does not ask for more brokers"):
        await ensure_topics(asking(broker, **SAFE, kafka_start_seconds=0.7), CASE_SUBMITTED)


async def test_topics_that_fall_short_are_named_with_the_remedy(broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    topic = topic_name(broker.settings, CASE_SUBMITTED)
    await eventually(lambda: min_insync(broker, topic), lambda found: found is not None)
    replicas, insync = await shortfalls(asking(broker, **SAFE), [topic])
    assert replicas.startswith(f"topic {topic} has one replica, and KAFKA_REPLICATION_FACTOR is 3: add replicas with")
    assert f"--alter --topic {topic} --add-config min.insync.replicas=2" in insync
    assert await shortfalls(asking(broker, kafka_replication_factor=1, kafka_min_insync_replicas=1), [topic]) == []
    assert await shortfalls(broker.settings, [topic]) == [], "nothing is asked for"


async def test_migrate_warns_and_succeeds(broker: Broker, database: Database) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    environment = {
        "PATH": os.environ["PATH"],
        **broker.environment(),
        "MIGRATIONS_DATABASE_URL": database.url("case_migrations"),
        "KAFKA_REPLICATION_FACTOR": "2",
    }
    command = [sys.executable, "-m", "case_api", "migrate"]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: topic ")]
    assert len(warnings) == 3, done.stderr
    assert "topics created: none" in done.stdout


def test_a_record_cannot_be_asked_on_more_brokers_than_it_is_kept_on() -> None:
    with pytest.raises(
        ValidationError, match=r"KAFKA_MIN_INSYNC_REPLICAS: is 3, more than KAFKA_REPLICATION_FACTOR \(2\)"
    ):
        KafkaSettings(kafka_bootstrap_servers="a:1", kafka_replication_factor=2, kafka_min_insync_replicas=3)
