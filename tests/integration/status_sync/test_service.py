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

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, topic_name
from status_sync.__main__ import main
from tests.integration.status_sync.conftest import CATEGORY, World
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port
from tests.support.sandbox import started as sandbox

EVENTS = "d365.case-events.v1"
SECRET = "events-secret"
SHAPES = (
    "plain", "data", "dataverse", "dataverse-attributes", "event-grid", "cloudevent", "cloudevent-batch",
    "cloudevent-binary",
)  # fmt: skip


@pytest_asyncio.fixture
async def topics(broker: Broker) -> Broker:
    await broker.create(CASE_DELIVERY, CASE_STATUS_CHANGED, EVENTS)
    return broker


def starting(world: World, broker: Broker, folder: Path, **others: str) -> Process:
    """Start the service; it polls rarely, so that its quick reactions come from events."""
    port = others.get("PORT") or str(free_port())
    environment = {
        **broker.environment(),
        **world.d365.environment(),
        "DATABASE_URL": world.database.url("status_sync"),
        "D365_EVENTS_SECRET": SECRET,
        "D365_POLL_SECONDS": "3600",
        "PORT": port,
        **others,
    }
    process = Process("status_sync", ("serve",), environment, f"http://127.0.0.1:{port}", folder / "log")
    process.start()
    return process


@asynccontextmanager
async def started(world: World, broker: Broker, folder: Path, **others: str) -> AsyncIterator[Process]:
    """Start the service, and wait until it is ready."""
    process = starting(world, broker, folder, **others)
    try:
        await process.ready()
        yield process
    finally:
        process.kill()


def an_event(case_id: str) -> bytes:
    return orjson.dumps({"BusinessEventId": "X", "BusinessEventLegalEntity": "usmf", "CaseId": case_id})


async def polled(world: World) -> None:
    """Wait until the first poll, which runs at the start, is over."""

    async def done() -> bool:
        async with world.database.connect() as connection:
            query = (
                "SELECT count(*) FROM status_sync.sync_state WHERE name IN ('poll', 'sweep') AND done_at IS NOT NULL"
            )
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

        async def events() -> list[tuple[str, str]]:
            changes = await topics.status_changes()
            return [(one.status, one.case_id) for one in changes if one.web_case_id == case.web_case_id]

        expected = [("submitted", case_id), ("in_process", case_id)]
        await eventually(events, lambda value: value == expected)
        await eventually(world.events, lambda waiting: not waiting)
        assert await process.stop() == 0


async def test_d365_calls_our_endpoint(world: World, topics: Broker, tmp_path: Path) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    async with started(world, topics, tmp_path, LOG_LEVEL="DEBUG") as process, aiohttp.ClientSession() as session:
        await polled(world)
        await world.d365.move("usmf", case_id, "Closed")
        address = f"{process.url}/v1/d365/events"
        bearer = {"Authorization": f"Bearer {SECRET}"}

        async def answer(body: bytes, query: str = "", **headers: str) -> tuple[int, str]:
            async with session.post(address + query, data=io.BytesIO(body), headers=headers) as response:
                return response.status, await response.text()

        assert (await answer(an_event(case_id)))[0] == 401
        assert (await answer(an_event(case_id), "?code=wrong"))[0] == 401
        async with session.options(address, headers={"WebHook-Request-Origin": "eventgrid.azure.net"}) as response:
            assert (response.status, response.headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.azure.net")
        validation = {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "42"}}
        status, text = await answer(orjson.dumps([validation]), f"?code={SECRET}")
        assert (status, orjson.loads(text)) == (200, {"validationResponse": "42"})
        status, text = await answer(b'{"CaseId": "C-1"}', **bearer)
        assert status == 400
        assert "/BusinessEventId" in text
        assert (await answer(b"a=b", **bearer))[0] == 400
        assert (await answer(b"[" + b" " * 1_100_000 + b"]", **bearer))[0] == 413
        assert await topics.read_all(EVENTS) == []
        for body, headers in (
            (b"[" + an_event("C-0") + b',{"CaseId": "C-1"}]', bearer),
            (an_event(case_id), {"x-functions-key": SECRET, "ce-specversion": "1.0", "ce-source": "d365"}),
        ):
            status, text = await answer(body, **headers)
            assert (status, orjson.loads(text)["accepted"]) == (202, 1)
        assert len(await topics.read_all(EVENTS)) == 3

        async def shown() -> str:
            return str((await world.row(case.web_case_id))["status"])

        await eventually(shown, lambda value: value == "closed")
        outcomes = ("due_by_other_event", "due_unknown_case", "unreadable")
        lines = [f'casebridge_d365_events_total{{outcome="{outcome}"}} 1.0' for outcome in outcomes]

        async def counted() -> list[str]:
            async with session.get(f"{process.url}/metrics") as response:
                metrics = await response.text()
            return [line for line in lines if line in metrics]

        await eventually(counted, lines.__eq__)
        async with session.get(f"{process.url}/healthz") as response:
            assert response.status == 200
        assert SECRET not in process.output()
        assert "wrong" not in process.output()


async def test_each_shape_that_d365_sends_moves_the_case(world: World, topics: Broker, tmp_path: Path) -> None:
    """With the sandbox as D365, which reports changes only to our endpoint, also through Dataverse and Event Grid."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/v1/d365/events"
    sender = {"events_https_url": address, "events_https_secret": SECRET, "events_retry_seconds": "0.1"}
    async with (
        sandbox(tmp_path, **sender) as d365,
        started(world, topics, tmp_path, **d365.environment(), PORT=str(port)),
    ):
        await polled(world)
        case = await world.submit()
        ours = {"WebCaseId": case.web_case_id, "SubmissionId": str(case.submission_id)}
        body = {"dataAreaId": "usmf", "CustomerAccount": "US-001", **CATEGORY, **ours}
        case_id = (await d365.control("POST", "/cases", body))["CaseId"]

        async def shown() -> str:
            return str((await world.row(case.web_case_id))["status"])

        for number, shape in enumerate(SHAPES):
            secret_as = ("bearer", "x-functions-key", "code")[number % 3]
            await d365.control("PUT", "/settings", {"events_shape": shape, "events_secret_as": secret_as})
            symbol, status = (("InProcess", "in_process"), ("Planned", "open"))[number % 2]
            await d365.move("usmf", case_id, symbol)
            await eventually(shown, status.__eq__)
            await d365.control("POST", f"/events/test?company=us{number}")

        async def tests() -> int:
            async with world.database.connect() as connection:
                query = "SELECT count(*) FROM status_sync.event_notes WHERE kind = 'test'"
                return int(await connection.fetchval(query))

        await eventually(tests, lambda count: count == len(SHAPES))
        failed = (await d365.control("GET", "/events?state=error"))["items"]
        assert not [item for item in failed if item["body"].get("CaseId", case_id) == case_id]


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
def test_a_wrong_setting_is_named_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: dict[str, str]
) -> None:
    good = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "D365_URL": "http://127.0.0.1:1",
        "D365_CLIENT_ID": "x",
        "D365_CLIENT_SECRET": "y",
        "D365_EVENTS_SECRET": SECRET,
    }
    for name, value in {**good, **change}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["status-sync", "serve"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert next(iter(change)) in capsys.readouterr().err


@pytest.mark.nightly  # make chaos-short kills status-sync there
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


async def migrate(environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "status_sync", "migrate", env=environment)
    assert await process.wait() == 0


async def test_migrate_makes_the_topics_and_can_be_repeated(world: World, broker: Broker) -> None:
    environment = {**broker.environment(), "MIGRATIONS_DATABASE_URL": world.database.url("case_migrations")}
    for _ in range(2):
        await migrate(environment)
    for topic in (EVENTS, CASE_DELIVERY, CASE_STATUS_CHANGED):
        assert await broker.read_all(topic) == []
