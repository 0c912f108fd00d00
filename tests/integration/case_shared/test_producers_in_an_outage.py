"""A Kafka that goes away under a send: each sender gives up in time, says so, and sends anew once it is back."""

import asyncio
import gc
import os
import signal
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

SEND_SECONDS = 3.0
# More than one batch of a producer takes, so that a send is cut off while it waits for room, too.
RECORDS, VALUE = 12, b'"' + b"x" * 10_000 + b'"'
Send = Callable[[], Awaitable[object]]


class FewRecords:
    """An outbox that always has the same records."""

    async def read(self, _limit: int) -> list[object]:
        from case_api.postgres.outbox import Waiting

        return [Waiting(number, "W0", CASE_SUBMITTED, VALUE, []) for number in range(RECORDS)]

    async def delete(self, _ids: object) -> None:
        """Keep it."""


@asynccontextmanager
async def senders(settings: KafkaSettings) -> AsyncIterator[dict[str, Send]]:
    clock = SystemClock()
    lease = Lease("test", 1, clock, float("inf"))
    producer = Producer(lambda: create_producer(settings, client_id="a"), str, send_seconds=SEND_SECONDS)
    publisher = Publisher(lambda: create_producer(settings, client_id="b"), send_seconds=SEND_SECONDS)
    relay = CaseRelay(
        FewRecords(),  # type: ignore[arg-type]
        producer_of=lambda: create_producer(settings, client_id="c"),
        topic_of=str,
        batch_size=RECORDS + 1,
        send_seconds=SEND_SECONDS,
    )
    yield {
        "d365-sync": lambda: producer.send([Record(CASE_SUBMITTED, b"W0", VALUE, [])] * RECORDS),
        "status-sync": lambda: publisher.send([Message(CASE_SUBMITTED, b"W0", VALUE, [])] * RECORDS),
        "case-api": lambda: relay.turn(lease),
    }
    for sender in (producer, publisher, relay):
        await sender.close()


async def gives_up(send: Send) -> None:
    async with asyncio.timeout(4 * SEND_SECONDS):
        with pytest.raises((KafkaError, OSError)):
            await send()


@pytest.mark.parametrize("frozen", [False, True], ids=["killed", "frozen"])
async def test_a_send_ends_though_kafka_does_not_answer_and_the_next_one_arrives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, frozen: bool
) -> None:
    port, controller_port = free_ports(2)
    kafka = await asyncio.to_thread(servers.start_kafka, tmp_path, port, controller_port)
    settings = KafkaSettings(kafka_bootstrap_servers=kafka.address)
    try:
        await Broker(settings).create(CASE_SUBMITTED)
        async with senders(settings) as sends:
            for send in sends.values():
                await send()
            if frozen:
                os.kill(kafka.pid, signal.SIGSTOP)
            else:
                kafka.kill()
            await asyncio.gather(*(gives_up(send) for send in sends.values()))
            if frozen:
                os.kill(kafka.pid, signal.SIGCONT)
            else:
                kafka = await asyncio.to_thread(servers.start_kafka, tmp_path, port, controller_port)
            for send in sends.values():
                await send()
        gc.collect()  # a future tells only when it goes that nobody has asked for its exception
        assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
    finally:
        kafka.kill()
