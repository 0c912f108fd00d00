"""D365's endpoint is opened by the shared secret and nothing else; it is the only one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from case_shared.http import create_app
from status_sync.web.events import event_routes
from status_sync.wiring import _app
from tests.support import asgi

EVENTS = "/v1/d365/events"


class Accepting:
    """Takes whatever comes."""

    async def handle(self, _body: bytes) -> int:
        return 1


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


def app(secret: str | None) -> FastAPI:
    created = create_app("status-sync", "", nothing)
    created.include_router(event_routes(SecretStr(secret) if secret else None))
    created.state.receive_events = Accepting()
    return created


def test_it_is_the_only_endpoint() -> None:
    assert asgi.operations(_app(nothing, None)) == [f"POST {EVENTS}"]


@pytest.mark.parametrize(
    ("query", "authorization", "status"),
    [
        ("", "Bearer s3cret", 202),
        ("?code=s3cret", "", 202),
        ("", "", 401),
        ("", "Bearer s3cre", 401),
        ("", "Basic s3cret", 401),
        ("?code=", "", 401),
        ("?code=s3cret", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA", 401),
    ],
)
async def test_the_secret_alone_opens_it(query: str, authorization: str, status: int) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await asgi.call(app("s3cret"), "POST", EVENTS + query, headers, {})
    assert answer.status == status
    off = await asgi.call(app(None), "POST", EVENTS + query, headers, {})
    assert (off.status, off.json()["type"]) == (503, "urn:casebridge:problem:events-off")
