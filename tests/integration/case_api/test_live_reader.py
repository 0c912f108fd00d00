"""The reader of the live streams notices new partitions."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from case_api import live
from case_shared.kafka.connection import METADATA_MS
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, topic_name
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import run_loop
from tests.integration.case_api.conftest import DEALER, Api
from tests.integration.case_api.test_stream import changed
from tests.support.brokers import Broker
from tests.support.eventually import eventually


@asynccontextmanager
async def reading(reader: live.LiveReader) -> AsyncIterator[None]:
    """The reader's loop runs and has begun to read."""
    stopping, beats = asyncio.Event(), Heartbeats(SystemClock())
    running = asyncio.create_task(run_loop("live", reader.turn, every_seconds=0, stopping=stopping, heartbeats=beats))
    try:
        await eventually(lambda: asyncio.sleep(0, reader.healthy))
        yield
    finally:
        stopping.set()
        await running
        await reader.close()


async def test_new_partitions_are_noticed(api: Api, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert METADATA_MS / 1000 + live._CHECK_SECONDS < 60, "seen within a minute"
    monkeypatch.setattr(live, "METADATA_MS", 500)
    monkeypatch.setattr(live, "_CHECK_SECONDS", 0.2)
    await broker.create(CASE_STATUS_CHANGED, CASE_DELIVERY)
    topic, streams, case = topic_name(broker.settings, CASE_STATUS_CHANGED), api.service.streams, await api.submitted()
    async with (
        reading(live.LiveReader(broker.settings, streams, time.monotonic)),
        streams.opened(DEALER, None, "ann") as stream,
    ):
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
        await admin.start()
        await admin.create_partitions({topic: NewPartitions(7)})
        # The broker's own metadata follow the controller's a moment later, and a producer refuses what they lack.
        await eventually(lambda: admin.describe_topics([topic]), lambda described: len(described[0]["partitions"]) == 7)
        await admin.close()
        record = changed(case["web_case_id"], DEALER, "submitted")
        async with broker.producer() as producer:
            await producer.send_and_wait(topic, record.value, record.key, partition=6, headers=record.headers)

        (event,) = await eventually(lambda: asyncio.sleep(0, stream.take()[1]))

    assert event.id.split(".")[0].count("-") == 6
    assert stream.take() == (None, [])
