"""The shutdown of a service's server loses no request in flight."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.web.health import health_routes
from case_shared.web.http_protocol import BoundedProtocol
from case_shared.web.service import _Server
from tests.support.eventually import eventually
from tests.support.nightly import at_night
from tests.support.patience import PATIENCE
from tests.support.processes import Process, free_port

STOP_SECONDS = 10 * PATIENCE
# Time for four requests.
DRAIN_SECONDS = 1.5 * PATIENCE


@asynccontextmanager
async def serving(
    app: FastAPI, drain_seconds: float = 0
) -> AsyncIterator[tuple[_Server, httpx2.AsyncClient, "asyncio.Task[None]"]]:
    port = free_port()
    config = uvicorn.Config(app, port=port, http=BoundedProtocol, log_config=None, lifespan="off")
    server = _Server(config, drain_seconds)
    run = asyncio.create_task(server.serve(sockets=[config.bind_socket()]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield server, client, run
    server.should_exit = True
    await run


def app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def root() -> str:
        return "here"

    return app


async def test_a_request_on_an_open_connection_is_answered_though_the_server_stops() -> None:
    application, stopping = app(), asyncio.Event()
    application.state.stop = stopping.set
    async with serving(application) as (server, client, run):
        assert "connection" not in (await client.get("/")).headers
        server.should_exit = True
        await asyncio.wait_for(stopping.wait(), STOP_SECONDS)
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        await asyncio.wait_for(run, STOP_SECONDS)
        with pytest.raises(httpx2.ConnectError):
            await client.get("/")


async def test_a_request_that_waits_learns_that_the_server_stops() -> None:
    application, stopping = app(), asyncio.Event()
    application.state.stop = stopping.set

    @application.get("/wait")
    async def wait() -> str:
        await stopping.wait()
        return "told"

    async with serving(application) as (server, client, run):
        waiting = asyncio.create_task(client.get("/wait"))
        await eventually(lambda: _tasks(server))
        server.should_exit = True
        answer = await asyncio.wait_for(waiting, STOP_SECONDS)
        assert (answer.json(), answer.headers["connection"]) == ("told", "close")
        await asyncio.wait_for(run, STOP_SECONDS)


async def test_readiness_fails_before_anything_else_ends() -> None:
    application = app()
    application.include_router(health_routes(Heartbeats(SystemClock()), {}))
    async with serving(application, drain_seconds=DRAIN_SECONDS) as (server, client, run):
        assert (await client.get("/readyz")).status_code == 200
        server.handle_exit(signal.SIGTERM, None)
        began = time.monotonic()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        # New connections, too, and without a word of the end.
        async with httpx2.AsyncClient(base_url=client.base_url) as another:
            answer = await another.get("/")
            assert (answer.status_code, answer.headers.get("connection")) == (200, None)
        assert (await client.get("/healthz")).status_code == 200
        await asyncio.wait_for(run, STOP_SECONDS)
        assert time.monotonic() - began > DRAIN_SECONDS - 0.1


async def test_another_signal_ends_the_time_for_draining() -> None:
    async with serving(app(), drain_seconds=300) as (server, _client, run):
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(run, STOP_SECONDS)


@pytest.mark.parametrize("module", ["case_api", *at_night("d365_sync", "status_sync", "portal_web")])
async def test_sigterm_ends_a_start_that_waits_for_the_database(module: str, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{free_port()}/db",
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "D365_URL": "http://127.0.0.1:1",
        "D365_TOKEN_URL": "http://127.0.0.1:1/token",
        "D365_CLIENT_ID": "c",
        "D365_CLIENT_SECRET": "s",
        "PUBLIC_URL": "http://127.0.0.1:1",
        "CASE_API_URL": "http://127.0.0.1:1",
        "PORT": str(free_port()),
    }
    process = Process(module, ("serve",), environment, "", tmp_path / "log")
    process.start()
    try:

        async def waits() -> bool:
            return "database_not_reached" in process.output()

        await eventually(waits, within_seconds=60)
        began = time.monotonic()
        assert await process.stop() == 0
        assert time.monotonic() - began < 3 * PATIENCE
    finally:
        process.kill()
    assert '"level": "error"' not in process.output()
    assert "Traceback" not in process.output()


async def _tasks(server: _Server) -> int:
    return len(server.server_state.tasks)
