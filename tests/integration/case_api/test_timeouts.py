"""Whatever hangs, a request gets its answer in time, and all is well once it moves again."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from math import ceil
from pathlib import Path

import aiohttp
import psutil
import pytest_asyncio

from casebridge import servers
from tests.integration.case_api.conftest import CASES, DRAFT, Api, fill_lists
from tests.integration.case_api.test_service import client, serving
from tests.support import databases
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import Process
from tests.support.servers import FAST

UNAVAILABLE = "urn:casebridge:problem:unavailable"
REQUEST_SECONDS = 1 * PATIENCE
# A second for the request, one to cancel its statement, and time for a busy machine.
BOUND_SECONDS = 6 * PATIENCE


async def test_a_locked_row_delays_its_own_requests_no_longer_than_their_time(api: Api) -> None:
    case, other = await api.create(), await api.create()
    api.app.state.context = replace(api.app.state.context, request_seconds=REQUEST_SECONDS)
    path = f"{CASES}/{case['web_case_id']}"
    match = {"If-Match": '"1"'}
    async with api.database.connect() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_api.cases WHERE web_case_id = $1 FOR UPDATE", case["web_case_id"])
        began = time.monotonic()
        stuck = asyncio.gather(
            api.client.patch(path, json={"notes": "x"}, headers=match),
            api.client.delete(path, headers=match),
            api.submit(case),
        )
        assert (await api.submit(other)).status_code == 202
        for answer in await stuck:
            assert (answer.status_code, answer.json()["type"]) == (503, UNAVAILABLE)
            assert answer.headers["Retry-After"] == "5"
        assert time.monotonic() - began < BOUND_SECONDS

    async def moves() -> int:
        return (await api.submit(case)).status_code

    # The submission whose wait was given up has happened nevertheless, or happens now: once.
    assert await eventually(moves, lambda status: status == 202)
    assert len(await api.fetch("SELECT FROM case_api.submissions WHERE web_case_id = $1", case["web_case_id"])) == 1


async def test_waiting_for_an_outcome_is_no_hanging(api: Api) -> None:
    case = await api.create()
    api.app.state.context = replace(api.app.state.context, request_seconds=REQUEST_SECONDS)
    answer = await api.submit(case, headers={"Prefer": f"wait={ceil(REQUEST_SECONDS) + 1}"})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")


@pytest_asyncio.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Database, psutil.Process]]:
    """The test's own PostgreSQL, and its process."""
    server = servers.start_postgres(tmp_path, settings=FAST)
    try:
        template = await databases.create_template(server.address)
        async with databases.cloned(server.address, template) as database:
            yield database, psutil.Process(server.pid)
    finally:
        server.kill()


def send(process: psutil.Process, number: signal.Signals) -> None:
    """First to the server itself, so that it starts no more backends; those that end meanwhile need none."""
    process.send_signal(number)
    for one in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            one.send_signal(number)


async def test_a_database_that_stands_still_fails_requests_in_time_and_none_later(
    own: tuple[Database, psutil.Process], tmp_path: Path
) -> None:
    database, postgres = own
    await fill_lists(database)
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REQUEST_TIMEOUT_SECONDS": f"{REQUEST_SECONDS:g}",
        "DATABASE_COMMAND_TIMEOUT_SECONDS": f"{REQUEST_SECONDS:g}",
        "DATABASE_POOL_SIZE": "3",
    }
    async with serving(database, settings, tmp_path / "log") as process, client(process) as dealer:
        path = await saved(dealer)
        send(postgres, signal.SIGSTOP)
        try:
            for _ in range(2):
                began = time.monotonic()
                answers = await asyncio.gather(*(outcome(dealer, path) for _ in range(10)))
                assert answers == [(503, UNAVAILABLE)] * 10
                assert time.monotonic() - began < BOUND_SECONDS
        finally:
            send(postgres, signal.SIGCONT)

        async def answers_again() -> list[int]:
            return [(await outcome(dealer, path))[0] for _ in range(5)]

        await eventually(answers_again, lambda found: found == [200] * 5, within_seconds=30)
        await saved(dealer)


async def saved(dealer: aiohttp.ClientSession) -> str:
    async with dealer.post(CASES, json=DRAFT) as answer:
        assert answer.status == 201
        return answer.headers["Location"]


async def outcome(dealer: aiohttp.ClientSession, path: str) -> tuple[int, str | None]:
    async with dealer.get(path) as answer:
        return answer.status, (await answer.json()).get("type")


async def test_a_body_that_trickles_is_given_up(database: Database, tmp_path: Path) -> None:
    await fill_lists(database)
    settings = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "BODY_TIMEOUT_SECONDS": "1"}
    async with serving(database, settings, tmp_path / "log") as process, client(process) as dealer:
        received = await asyncio.wait_for(trickled(process, dealer), 20 * PATIENCE)
    assert b"HTTP/1.1 408 " in received
    assert b"request-timeout" in received
    assert b"connection: close" in received.lower()


async def trickled(process: Process, dealer: aiohttp.ClientSession) -> bytes:
    """The server's answer to a request whose body stops after three bytes, until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(process.url.rpartition(":")[2]))
    token = dealer.headers["Authorization"]
    head = f"POST {CASES} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{  ".encode())
    await writer.drain()
    received = await reader.read()
    writer.close()
    return received
