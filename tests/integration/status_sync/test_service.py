"""The process as it runs: real Kafka, real PostgreSQL, the sandbox, and signals."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest
import pytest_asyncio

from case_shared.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, topic_name
from tests.integration.status_sync.conftest import World
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port, running

EVENTS = "d365.case-events.v1"
SECRET = "events-secret"


@pytest_asyncio.fixture
async def topics(broker: Broker) -> Broker:
    await broker.create(CASE_DELIVERY, CASE_STATUS_CHANGED, EVENTS)
    return broker


@asynccontextmanager
async def started(world: World, broker: Broker, folder: Path, **others: str) -> AsyncIterator[Process]:
    """The service; it polls rarely, so that what it does soon comes from events."""
    port = free_port()
    environment = {
        **broker.environment(),
        **world.d365.environment(),
        "DATABASE_URL": world.database.url("status_sync"),
        "D365_EVENTS_SECRET": SECRET,
        "D365_POLL_SECONDS": "3600",
        "PORT": str(port),
        **others,
    }
    url = f"http://127.0.0.1:{port}"
    async with running("status_sync", "serve", environment=environment, url=url, log=folder / "log") as process:
        yield process


def an_event(case_id: str) -> bytes:
    return orjson.dumps({"BusinessEventId": "X", "BusinessEventLegalEntity": "usmf", "CaseId": case_id})


async def polled(world: World) -> None:
    """Wait until the first poll, which runs at the start, is over."""

    async def done() -> bool:
        async with world.database.connect() as connection:
            query = "SELECT count(*) FROM status_sync.sync_state WHERE name <> 'hidden' AND done_at IS NOT NULL"
            return bool(await connection.fetchval(query) == 2)

    await eventually(done)


async def test_an_event_from_kafka_ends_as_a_status_change_and_sigterm_with_0(
    world: World, topics: Broker, tmp_path: Path
) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    async with started(world, topics, tmp_path) as process:
        await polled(world)
        await world.d365.move("usmf", case_id, "InProcess")
        async with topics.producer() as producer:
            await producer.send_and_wait(topic_name(topics.settings, EVENTS), an_event(case_id), b"any-key")

        async def status() -> str:
            return str((await world.row(case.web_case_id))["status"])

        await eventually(status, lambda value: value == "in_process")

        async def told() -> list[tuple[str, str]]:
            changes = await topics.status_changes()
            return [(one.status, one.case_id) for one in changes if one.web_case_id == case.web_case_id]

        expected = [("submitted", case_id), ("in_process", case_id)]
        await eventually(told, lambda value: value == expected)
        await eventually(world.events, lambda waiting: not waiting)
        assert await process.stop() == 0


async def test_d365_calls_our_endpoint(world: World, topics: Broker, tmp_path: Path) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    async with started(world, topics, tmp_path) as process, aiohttp.ClientSession() as session:
        await polled(world)
        await world.d365.move("usmf", case_id, "Closed")
        address = f"{process.url}/v1/d365/events"
        bearer = {"Authorization": f"Bearer {SECRET}"}

        async def answer(body: bytes, query: str = "", **headers: str) -> tuple[int, str]:
            async with session.post(address + query, data=io.BytesIO(body), headers=headers) as response:
                return response.status, await response.text()

        assert (await answer(an_event(case_id)))[0] == 401
        assert (await answer(an_event(case_id), "?code=wrong"))[0] == 401
        status, text = await answer(b'{"CaseId": "C-1"}', **bearer)
        assert status == 400
        assert "/BusinessEventId" in text
        assert (await answer(b"a=b", **bearer))[0] == 400
        assert (await answer(b"[" + b" " * 1_100_000 + b"]", **bearer))[0] == 413
        assert await topics.read_all(EVENTS) == []
        status, text = await answer(b"[" + an_event("C-0") + b"," + an_event(case_id) + b"]", f"?code={SECRET}")
        assert (status, orjson.loads(text)) == (202, {"accepted": 2})
        assert len(await topics.read_all(EVENTS)) == 2

        async def shown() -> str:
            return str((await world.row(case.web_case_id))["status"])

        await eventually(shown, lambda value: value == "closed")
        async with session.get(f"{process.url}/metrics") as response:
            metrics = await response.text()
        assert 'casebridge_d365_events_total{outcome="due_by_other_event"} 2.0' in metrics
        async with session.get(f"{process.url}/healthz") as response:
            assert response.status == 200


async def test_it_starts_and_is_ready_while_d365_and_kafka_are_away(
    world: World, broker: Broker, tmp_path: Path
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    away = {
        "D365_URL": f"http://{nowhere}",
        "D365_TOKEN_URL": f"http://{nowhere}/t",
        "KAFKA_BOOTSTRAP_SERVERS": nowhere,
    }
    async with started(world, broker, tmp_path, **away) as process, aiohttp.ClientSession() as session:
        address = f"{process.url}/v1/d365/events?code={SECRET}"
        async with session.post(address, data=an_event("C-1")) as response:
            assert response.status == 503
            assert "Retry-After" in response.headers
        await eventually(lambda: _says(process, "d365_not_read"))
        assert await process.stop() == 0


async def test_sigterm_does_not_wait_for_a_d365_that_hangs(world: World, topics: Broker, tmp_path: Path) -> None:
    await world.d365.fault(kind="slow", operation="read", delay_seconds=60)
    async with started(world, topics, tmp_path) as process:
        await eventually(lambda: _in_flight(world))
        assert await process.stop() == 0
        assert "loop_cancelled" in process.output()


async def _in_flight(world: World) -> int:
    counters = await world.d365.control("GET", "/counters")
    return int(counters["by_operation"].get("read CustomersV3", 0))


async def _says(process: Process, what: str) -> bool:
    return what in process.output()


@pytest.mark.parametrize(
    "change", [{"D365_MAPPING": "/does/not/exist.toml"}, {"D365_POLL_SECONDS": "0"}, {"D365_URL": "x"}]
)
async def test_a_wrong_setting_is_named_and_ends_with_2(
    world: World, broker: Broker, tmp_path: Path, change: dict[str, str]
) -> None:
    with pytest.raises(AssertionError, match="ended with 2") as ended:
        async with started(world, broker, tmp_path, **change):
            pass
    assert next(iter(change)) in str(ended.value)


async def test_what_was_applied_and_not_published_is_published_after_a_kill(
    world: World, topics: Broker, tmp_path: Path
) -> None:
    case = await world.submit()
    await world.create(case)
    await world.step("cases")
    assert len(await world.events()) == 1
    async with started(world, topics, tmp_path):
        await eventually(topics.status_changes, lambda changes: any(c.web_case_id == case.web_case_id for c in changes))
        await eventually(world.events, lambda waiting: not waiting)


async def run(*arguments: str, environment: dict[str, str]) -> str:
    """Run a command of the service to its end; returns what it has printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "status_sync", *arguments, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_migrate_makes_the_topics_and_can_be_repeated(world: World, broker: Broker) -> None:
    environment = {**broker.environment(), "MIGRATIONS_DATABASE_URL": world.database.url("case_migrations")}
    for _ in range(2):
        await run("migrate", environment=environment)
    for topic in (EVENTS, CASE_DELIVERY, CASE_STATUS_CHANGED):
        assert await broker.read_all(topic) == []


async def test_the_openapi_document_needs_no_settings() -> None:
    document = orjson.loads(await run("openapi", environment={}))
    assert set(document["paths"]) == {"/v1/d365/events"}
