"""Problems, body limit and health of each of our HTTP servers, by ASGI calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel

from case_shared.health import Heartbeats, health_routes
from case_shared.http import MAX_BODY_BYTES, create_app
from case_shared.problems import Problem


@dataclass
class HandClock:
    seconds: float = 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds


class Contact(BaseModel):
    email: str


class Body(BaseModel):
    contact: Contact


CLOCK = HandClock()
BEATS = Heartbeats(CLOCK)


async def down() -> bool:
    raise ConnectionRefusedError


def app() -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    created = create_app("test", "test", lifespan)
    created.include_router(health_routes(BEATS, {"database": down}))

    @created.post("/contacts")
    async def contacts(body: Body) -> Body:
        return body

    @created.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @created.get("/refused")
    async def refused() -> None:
        raise Problem(409, "not-a-draft", "Not a draft", "It was submitted.", headers={"X-Test": "1"})

    @created.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("secret detail")

    return created


@pytest.fixture
def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_a_field_error_points_at_the_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/contacts", json={"contact": {}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"pointer": "/contact/email", "detail": "Field required"}]


@pytest.mark.parametrize("path", ["/contacts", "/raw"])
async def test_what_is_not_json_is_no_crash(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=b"\xff\x00")
    assert answer.status_code in {200, 422}


async def test_our_own_problem_is_told_whole(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refused")
    assert (answer.status_code, answer.headers["x-test"]) == (409, "1")
    assert answer.json()["type"] == "urn:casebridge:problem:not-a-draft"
    assert answer.json()["detail"] == "It was submitted."


async def test_a_crash_tells_no_detail(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["type"].endswith("internal-error")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/contacts", 405)])
async def test_what_is_not_there_is_a_problem_too(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    assert (await client.post("/raw", content=b"x" * MAX_BODY_BYTES)).status_code == 200
    assert (await client.post("/raw", content=b"x" * (MAX_BODY_BYTES + 1))).status_code == 413


@pytest.mark.parametrize("path", ["/contacts", "/raw"])
async def test_a_body_of_untold_length_is_counted(client: httpx.AsyncClient, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    answer = await client.post(path, content=chunks())
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:casebridge:problem:too-large")


async def test_health_tells_which_loop_is_stuck(client: httpx.AsyncClient) -> None:
    BEATS.expect("relay", within_seconds=10)
    assert (await client.get("/healthz")).status_code == 200
    CLOCK.seconds += 11
    answer = await client.get("/healthz")
    assert (answer.status_code, list(answer.json()["stuck_seconds"])) == (503, ["relay"])
    BEATS.beat("relay")
    assert (await client.get("/healthz")).status_code == 200


async def test_readiness_names_what_is_down(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": False})
