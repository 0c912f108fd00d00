"""Kafka for one test, with its own topics and groups."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.restoring import read_log
from case_shared.kafka.topics import ensure_topics, topic_name
from case_shared.words.events import CaseDelivery, CaseStatusChanged, CaseSubmitted, Record, decode


@dataclass(frozen=True)
class Broker:
    """A prefix of topics and groups that nobody else uses."""

    settings: KafkaSettings

    def environment(self) -> dict[str, str]:
        """The settings as a service's environment."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers,
            "KAFKA_TOPIC_PREFIX": self.settings.kafka_topic_prefix,
            "KAFKA_GROUP_PREFIX": self.settings.kafka_group_prefix,
            "KAFKA_SESSION_TIMEOUT_SECONDS": str(self.settings.kafka_session_timeout_seconds),
        }

    async def create(self, *topics: str) -> None:
        """Create topics."""
        await ensure_topics(self.settings, *topics)

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """A plain producer."""
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap_servers, acks="all")
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def send(self, *records: Record) -> None:
        """Send records, and wait for their acknowledgment."""
        async with self.producer() as producer:
            for record in records:
                topic = topic_name(self.settings, record.topic)
                await producer.send_and_wait(topic, record.value, record.key, headers=record.headers)

    async def read_all(self, topic: str) -> list[Any]:
        """Every current record of `topic`, oldest first within a partition."""
        return [record async for batch in read_log(self.settings, topic) for record in batch]

    async def deliveries(self) -> Sequence[CaseDelivery]:
        """Every `case.delivery.v1` so far."""
        return [
            decode(CaseDelivery, record.value, record.headers) for record in await self.read_all("case.delivery.v1")
        ]

    async def submissions(self) -> Sequence[CaseSubmitted]:
        """Every `case.submitted.v1` so far."""
        return [
            decode(CaseSubmitted, record.value, record.headers) for record in await self.read_all("case.submitted.v1")
        ]

    async def status_changes(self) -> Sequence[CaseStatusChanged]:
        """Every `case.status-changed.v1` so far."""
        records = await self.read_all("case.status-changed.v1")
        return [decode(CaseStatusChanged, record.value, record.headers) for record in records]


def as_json(record: Any) -> Any:
    """A record's value."""
    return json.loads(record.value)
