"""The process itself: start, crash, stored cases and events."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer

from case_shared.kafka.topics import topic_name
from tests.integration.d365_sandbox.conftest import OData, sign_in
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox, started

READY = "/_sandbox/health"


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    async with started(tmp_path) as own:
        odata = await sign_in(own)
        answered: dict[str, str] = {}

        async def work(worker: int) -> None:
            for number in range(1000):
                try:
                    reply = await odata.create(WebCaseId=f"W{worker}-{number}")
                except aiohttp.ClientError:
                    return
                answered[f"W{worker}-{number}"] = reply.body["CaseId"]

        async def count() -> int:
            return len(answered)

        async def kill() -> None:
            await eventually(count, lambda done: done >= 100)
            own.process.kill()

        await asyncio.gather(kill(), *(work(worker) for worker in range(8)))
        own.process.start()
        await own.process.ready(READY)
        books = {case["WebCaseId"]: case["CaseId"] for case in await own.cases() if case["WebCaseId"]}
        after = await odata.create(WebCaseId="WAFTER")

    assert answered.items() <= books.items()
    assert len(set(books.values())) == len(books)
    assert after.status == 201, "the token outlives the restart"
    assert after.body["CaseId"] > max(books.values())


async def test_faults_outlive_a_restart_with_what_is_left_of_them(tmp_path: Path) -> None:
    async with started(tmp_path) as own:
        odata = await sign_in(own)
        await own.fault(kind="reject", operation="create", count=2)
        assert (await odata.create()).status == 400
        assert (await odata.create(WebCaseId="W1")).status == 400
        await own.fault(kind="html", operation="update")
        own.process.kill()
        own.process.start()
        await own.process.ready(READY)

        assert [fault["kind"] for fault in (await own.control("GET", "/faults"))["items"]] == ["html"]
        assert (await odata.create()).status == 201


async def test_sigterm_stops_within_two_seconds_even_with_a_hanging_request(tmp_path: Path) -> None:
    async with started(tmp_path) as own:
        odata = await sign_in(own)
        await own.fault(kind="hang", operation="create")
        hanging = asyncio.create_task(odata.create())

        async def in_flight() -> int:
            return int((await own.control("GET", "/counters"))["in_flight"])

        await eventually(in_flight)
        code = await own.process.stop(within_seconds=2)
        with pytest.raises(aiohttp.ClientError):
            await hanging

    assert code == 0


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `serve` with settings that end it immediately."""
    command = [sys.executable, "-m", "d365_sandbox", "serve", "--data-file", str(tmp_path / "own.db")]
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        command, env=path | environment, capture_output=True, text=True, timeout=20 * PATIENCE, check=False
    )


async def test_a_port_that_is_taken_is_named(d365: Sandbox, tmp_path: Path) -> None:
    port = d365.url.rpartition(":")[2]

    ended = await asyncio.to_thread(run, tmp_path, SANDBOX_CLIENT_SECRET="x", SANDBOX_PORT=port)

    assert ended.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in ended.stderr


async def test_wrong_settings_and_a_wrong_data_file_are_named(tmp_path: Path) -> None:
    ended = await asyncio.to_thread(run, tmp_path, SANDBOX_PORT="x", SANDBOX_CLERK="maybe")
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in ("SANDBOX_CLIENT_SECRET", "SANDBOX_PORT", "SANDBOX_CLERK"))

    (tmp_path / "own.db").write_text("no database " * 100)
    ended = await asyncio.to_thread(run, tmp_path, SANDBOX_CLIENT_SECRET="x", SANDBOX_PORT="0")
    assert ended.returncode == 2
    assert "own.db" in ended.stderr


async def test_cases_born_here_are_of_customers_and_some_are_confidential(d365: Sandbox) -> None:
    cases = await d365.cases()

    assert {case["WebCaseId"] for case in cases} == {""}
    assert {"HumanResources", "Audit", "Service"} <= {case["CategoryType"] for case in cases}
    assert all(case["Notes"] and case["CustomerAccount"] for case in cases)


async def test_the_autopilot_takes_cases_of_the_portal_to_their_end(tmp_path: Path) -> None:
    async with started(tmp_path, clerk="auto", clerk_step_seconds="0.2") as own:
        odata = await sign_in(own)
        await odata.create(WebCaseId="W1")

        async def events() -> list[str]:
            items = (await own.control("GET", "/events"))["items"]
            return [item["body"]["CaseStatus"] for item in reversed(items) if item["body"]["WebCaseId"] == "W1"]

        await eventually(events, lambda seen: seen == ["None", "InProcess", "Planned", "Closed"])


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """An HTTPS endpoint for events (HTTP here): its address, what it received, and its next answers (otherwise 200)."""
    got: list[dict[str, Any]] = []
    answers: list[int] = []

    async def take(request: web.Request) -> web.Response:
        status = answers[0] if answers else 200
        if status == 200:
            got.append({"authorization": request.headers.get("Authorization"), **await request.json()})
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/events", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/events", got, answers
    finally:
        await runner.cleanup()


async def moved(odata: OData, own: Sandbox) -> None:
    case = (await odata.create(WebCaseId="W1")).body
    await own.move("usmf", case["CaseId"], "InProcess")


async def test_events_go_out_by_https_with_the_secret(tmp_path: Path) -> None:
    async with listener() as (url, got, _), started(tmp_path, events_https_url=url, events_https_secret="s3") as own:
        await moved(await sign_in(own), own)

        async def statuses() -> set[str]:
            return {event["CaseStatus"] for event in got if event["WebCaseId"] == "W1"}

        await eventually(statuses, lambda seen: seen == {"None", "InProcess"})
        assert {event["authorization"] for event in got} == {"Bearer s3"}


async def test_after_three_retries_events_wait_in_errors_until_resend(tmp_path: Path) -> None:
    async with (
        listener() as (url, got, answers),
        started(tmp_path, events_https_url=url, events_retry_seconds="0.01") as own,
    ):
        answers.append(503)
        await moved(await sign_in(own), own)

        async def errors() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await own.control("GET", "/events?state=error"))["items"]
            return [item for item in items if item["body"]["WebCaseId"] == "W1"]

        failed = await eventually(errors, lambda items: len(items) == 2)
        assert {(item["attempts"], item["error"]) for item in failed} == {(4, "HTTP 503")}
        answers.clear()
        await own.control("POST", "/events/resend")
        await eventually(errors, lambda items: not items)

        async def received() -> int:
            return sum(event["WebCaseId"] == "W1" for event in got)

        await eventually(received, lambda count: count == 2)


async def test_events_reach_kafka_in_d365s_own_envelope(broker: Broker, tmp_path: Path) -> None:
    await broker.create("d365.case-events.v1")
    servers, topic = broker.settings.kafka_bootstrap_servers, topic_name(broker.settings, "d365.case-events.v1")
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    async with started(tmp_path, kafka_bootstrap_servers=servers, events_topic=topic) as own:
        await moved(await sign_in(own), own)
        await consumer.start()
        try:
            seen: set[str] = set()
            async with asyncio.timeout(20 * PATIENCE):
                while seen != {"None", "InProcess"}:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        bodies = [json.loads(record.value) for record in records]
                        seen |= {body["CaseStatus"] for body in bodies if body["WebCaseId"] == "W1"}
        finally:
            await consumer.stop()


async def test_kafka_down_does_not_hurt_odata(tmp_path: Path) -> None:
    down = {"kafka_bootstrap_servers": "127.0.0.1:1", "events_retry_seconds": "0.01", "events_timeout_seconds": "0.3"}
    async with started(tmp_path, **down) as own:
        await moved(await sign_in(own), own)

        async def errors() -> list[str]:
            return [item["endpoint"] for item in (await own.control("GET", "/events?state=error&limit=1000"))["items"]]

        await eventually(errors, lambda seen: "kafka" in seen)
        own.process.send(signal.SIGTERM)


async def test_the_page_plays_the_clerk(d365: Sandbox, odata: OData) -> None:
    case = (await odata.create(WebCaseId="W1", Description="<b>bold</b>")).body
    form = {"company": "usmf", "case_id": case["CaseId"], "status": "Closed"}

    async with d365.session.post(f"{d365.url}/clerk/move", data=form) as answer:
        text = await answer.text()
    async with d365.session.post(f"{d365.url}/clerk/faults", data={"kind": "status", "status": "7"}) as wrong:
        message = await wrong.text()
    async with d365.session.post(f"{d365.url}/clerk/faults", data={"kind": "html", "text": "x"}) as right:
        assert right.status == 200
    async with d365.session.post(
        f"{d365.url}/clerk/move", data=form, headers={"Sec-Fetch-Site": "cross-site"}
    ) as foreign:
        assert foreign.status == 403

    [booked] = [one for one in await d365.cases() if one["WebCaseId"] == "W1"]
    assert booked["CaseStatus"] == "Closed"
    assert case["CaseId"] in text
    assert "&lt;b&gt;bold" in text
    assert (wrong.status, "status" in message) == (422, True)
    assert [fault["kind"] for fault in (await d365.control("GET", "/faults"))["items"]] == ["html"]
