"""D365's events from an event hub: Kafka with SASL_SSL and PLAIN, with the test's own certificate."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from case_shared.kafka.connection import create_producer
from case_shared.kafka.event_hub import inbound
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, ensure_topics
from casebridge import kafka, servers
from casebridge.output import Progress
from casebridge.ports import HOST, free_ports
from tests.integration.status_sync.conftest import World
from tests.integration.status_sync.test_service import SECRET, an_event, polled, started, starting
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.tls import server_certificate

HUB = "case-events"
USER = "$ConnectionString"


@dataclass(frozen=True)
class Hub:
    """A broker like Event Hubs."""

    connection_string: str
    port: int
    trusted: Path

    def environment(self, connection_string: str | None = None) -> dict[str, str]:
        """status-sync's settings to read it."""
        return {
            "D365_EVENTS_CONNECTION_STRING": connection_string or self.connection_string,
            "SSL_CERT_FILE": str(self.trusted),
        }


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Apache Kafka with a listener of SASL_SSL, at which the user `$ConnectionString` may do everything."""
    folder = tmp_path_factory.mktemp("hub")
    _, trusted = server_certificate(folder)
    open_port, controller, port = free_ports(3)
    policy = f"Endpoint=sb://{HOST}:{port}/;SharedAccessKeyName=manage;SharedAccessKey=bm8gcmVhbCBrZXkgb2YgYW55Ym9keQ=="
    text = f"{policy};EntityPath={HUB}"
    door = kafka.Secured(port, {USER: text}, folder / "server.pem")
    rights = {"super.users": f"User:ANONYMOUS;User:{USER}"}
    program = kafka.program(folder, open_port, controller, Progress(sys.stderr), door, settings=rights)
    server = servers.start(program, f"{HOST}:{open_port}", folder)
    try:
        yield Hub(text, port, trusted)
    finally:
        server.kill()


async def test_events_come_from_an_event_hub(
    world: World, broker: Broker, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D365 sends and status-sync reads with SASL_SSL; the services' own topics stay where they are."""
    await broker.create(CASE_DELIVERY, CASE_STATUS_CHANGED)
    monkeypatch.setenv("SSL_CERT_FILE", str(hub.trusted))
    there = inbound(broker.settings, "-", SecretStr(hub.connection_string)).kafka
    assert await ensure_topics(there, HUB) == [HUB]
    case = await world.submit()
    case_id = await world.create(case)
    async with started(world, broker, tmp_path, **hub.environment()) as process, aiohttp.ClientSession() as session:
        await polled(world)

        async def shown() -> str:
            return str((await world.row(case.web_case_id))["status"])

        await world.d365.move("usmf", case_id, "InProcess")
        producer = create_producer(there, client_id="d365")
        await producer.start()
        try:
            await producer.send_and_wait(HUB, an_event(case_id))
        finally:
            await producer.stop()
        await eventually(shown, lambda status: status == "in_process")
        await world.d365.move("usmf", case_id, "Closed")
        address = f"{process.url}/v1/d365/events?code={SECRET}"
        async with session.post(address, data=an_event(case_id)) as response:
            assert response.status == 202
        await eventually(shown, lambda status: status == "closed")
        assert "SharedAccessKey=" not in process.output()


async def test_a_key_that_azure_does_not_take_is_reported(
    world: World, broker: Broker, hub: Hub, tmp_path: Path
) -> None:
    await broker.create(CASE_DELIVERY, CASE_STATUS_CHANGED)
    wrong = hub.connection_string.replace("SharedAccessKey=bm8", "SharedAccessKey=xxx")
    process = starting(world, broker, tmp_path, **hub.environment(wrong), KAFKA_START_SECONDS="1")
    try:
        async with aiohttp.ClientSession() as session:

            async def reasons() -> str:
                try:
                    async with session.get(f"{process.url}/readyz") as response:
                        return str((await response.json())["reasons"].get("consumers", ""))
                except aiohttp.ClientError:
                    return ""

            reason = await eventually(reasons, lambda reason: "bootstrap" in reason, within_seconds=30)
    finally:
        process.kill()
    assert "D365_EVENTS_CONNECTION_STRING" in reason
    assert "Authentication" in process.output()
    assert "SharedAccessKey=" not in process.output() + reason
