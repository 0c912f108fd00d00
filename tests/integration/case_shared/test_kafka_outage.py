"""Consumers outlive Kafka's death."""

import asyncio
from pathlib import Path

from case_shared.kafka import KafkaSettings
from casebridge import servers
from casebridge.ports import free_ports
from tests.integration.case_shared.test_consumers import TOPIC, Handler, consuming, send
from tests.support.brokers import Broker
from tests.support.eventually import eventually

RECOVERY_SECONDS = 20


async def test_consumers_go_on_after_kafka_was_killed(tmp_path: Path) -> None:
    port, controller_port = free_ports(2)
    kafka = await asyncio.to_thread(servers.start_kafka, tmp_path, port, controller_port)
    broker = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address))
    handler = Handler()
    try:
        await broker.create(TOPIC)
        async with consuming(broker, handler):
            await send(broker, b"before")
            await eventually(handler.count, lambda count: count == 1)
            kafka.kill()
            kafka = await asyncio.to_thread(servers.start_kafka, tmp_path, port, controller_port)
            await send(broker, b"after")
            await eventually(handler.count, lambda count: count >= 2, within_seconds=RECOVERY_SECONDS)
    finally:
        kafka.kill()
    assert set(handler.values) == {b"before", b"after"}
