"""A Kafka that goes away under a send: each sender gives up in time, says so, and sends anew once it is back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from case_api.relay import Relay as CaseRelay
from case_shared.clock import SystemClock
from case_shared.events import Record
from case_shared.kafka import KafkaSettings, create_producer
from case_shared.leadership import Lease
from case_shared.topics import CASE_SUBMITTED
from casebridge import servers
from casebridge.ports import free_ports
from d365_sync.producer import Producer
from status_sync.relay import Message, Publisher
from tests.support.brokers import Broker

SEND_SECONDS = 1.5
Send = Callable[[], Awaitable[object]]


class OneRecord:
    """An outbox that always has the same record."""

    async def read(self, _limit: int) -> list[object]:
        from case_api.postgres.outbox import Waiting

        return [Waiting(1, "W0", CASE_SUBMITTED, b"{}", [])]

    async def delete(self, _ids: object) -> None:
        """Keep it."""


@asynccontextmanager
async def senders(settings: KafkaSettings) -> AsyncIterator[dict[str, Send]]:
    clock = SystemClock()
    lease = Lease("test", 1, clock, float("inf"))
    producer = Producer(lambda: create_producer(settings, client_id="a"), str, send_seconds=SEND_SECONDS)
    publisher = Publisher(lambda: create_producer(settings, client_id="b"), send_seconds=SEND_SECONDS)
    relay = CaseRelay(
        OneRecord(),  # type: ignore[arg-type]
        producer_of=lambda: create_producer(settings, client_id="c"),
        topic_of=str,
        batch_size=2,
        send_seconds=SEND_SECONDS,
    )
    yield {
        "d365-sync": lambda: producer.send([Record(CASE_SUBMITTED, b"W0", b"{}", [])]),
        "status-sync": lambda: publisher.send([Message(CASE_SUBMITTED, b"W0", b"{}", [])]),
        "case-api": lambda: relay.turn(lease),
    }
    for sender in (producer, publisher, relay):
        await sender.close()


async def test_a_send_ends_though_kafka_does_not_answer_and_the_next_one_arrives(tmp_path: Path) -> None:
    port, controller_port = free_ports(2)
    kafka = await asyncio.to_thread(servers.start_kafka, tmp_path, port, controller_port)
    settings = KafkaSettings(kafka_bootstrap_servers=kafka.address)
    try:
        await Broker(settings).create(CASE_SUBMITTED)
        async with senders(settings) as sends:
            for send in sends.values():
                await send()
            kafka.kill()
            for send in sends.values():
                async with asyncio.timeout(4 * SEND_SECONDS):
                    with pytest.raises((KafkaError, OSError)):
                        await send()
            kafka = await asyncio.to_thread(servers.start_kafka, tmp_path, port, controller_port)
            for send in sends.values():
                await send()
    finally:
        kafka.kill()
