"""A service without its database says so, and that the request can be repeated."""

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from case_shared.web.problems import install_problems


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.InterfaceError("connection is closed"),
        # What asyncpg raises if the server died within a statement.
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_is_503(error: Exception) -> None:
    app = FastAPI()
    install_problems(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        answer = await client.get("/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
