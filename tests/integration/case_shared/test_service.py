"""The shutdown of a service's server loses no request in flight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from case_shared.web.http_protocol import BoundedProtocol
from case_shared.web.service import _Server
from tests.support.eventually import eventually
from tests.support.processes import free_port


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[tuple[_Server, httpx2.AsyncClient, "asyncio.Task[None]"]]:
    port = free_port()
    config = uvicorn.Config(app, port=port, http=BoundedProtocol, log_config=None, lifespan="off")
    server = _Server(config)
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
        await asyncio.wait_for(stopping.wait(), 10)
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        await asyncio.wait_for(run, 10)
        with pytest.raises(httpx2.ConnectError):
            await client.get("/")


async def test_a_request_that_waits_is_told_that_the_server_stops() -> None:
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
        answer = await asyncio.wait_for(waiting, 10)
        assert (answer.json(), answer.headers["connection"]) == ("told", "close")
        await asyncio.wait_for(run, 10)


async def _tasks(server: _Server) -> int:
    return len(server.server_state.tasks)
