"""Only the shared secret opens D365's endpoint, which is the only one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from case_shared.web.http import create_app
from case_shared.web.limits import Limit
from status_sync.app.receive_events import Received
from status_sync.web.events import EventLimits, event_routes
from status_sync.wiring import _app
from tests.support import asgi
from tests.support.clocks import clock_of_limits
from tests.support.odd_requests import failures

EVENTS = "/v1/d365/events"


class Accepting:
    """Accepts everything."""

    async def handle(self, _body: bytes, _attributes: object) -> Received:
        return Received(1)


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


def app(secret: str | None, limits: EventLimits | None = None) -> FastAPI:
    created = create_app("status-sync", "", nothing)
    created.include_router(event_routes(SecretStr(secret) if secret else None, limits or EventLimits()))
    created.state.receive_events = Accepting()
    return created


def test_it_is_the_only_endpoint() -> None:
    assert asgi.operations(_app(nothing, None)) == [f"OPTIONS {EVENTS}", f"POST {EVENTS}"]


@pytest.mark.parametrize(
    ("query", "authorization", "status"),
    [
        ("", "Bearer s3cret", 202),
        ("?code=s3cret", "", 202),
        ("", "", 401),
        ("", "Bearer s3cre", 401),
        ("", "Basic s3cret", 401),
        ("?code=", "", 401),
        ("?code=s3cret", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA", 202),
        ("?code=s3cre", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA", 401),
    ],
)
async def test_the_secret_alone_opens_it(query: str, authorization: str, status: int) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await asgi.call(app("s3cret"), "POST", EVENTS + query, headers, {})
    assert answer.status == status
    off = await asgi.call(app(None), "POST", EVENTS + query, headers, {})
    assert (off.status, off.json()["type"]) == (503, "urn:casebridge:problem:events-off")


@pytest.mark.parametrize(
    ("query", "origin", "status", "allowed"),
    [
        ("", "eventgrid.azure.net", 200, "eventgrid.azure.net"),
        ("?code=s3cret", "eventgrid.azure.net", 200, "eventgrid.azure.net"),
        ("", "", 200, None),
        ("?code=wrong", "eventgrid.azure.net", 401, None),
    ],
)
async def test_a_source_of_cloud_events_may_ask_before_it_sends(
    query: str, origin: str, status: int, allowed: str | None
) -> None:
    headers = {"WebHook-Request-Origin": origin} if origin else {}
    limited = app("s3cret", EventLimits(per_minute=6000))
    answer = await asgi.call(limited, "OPTIONS", EVENTS + query, headers)
    assert (answer.status, answer.headers.get("webhook-allowed-origin")) == (status, allowed)
    assert answer.headers.get("webhook-allowed-rate") == ("6000" if allowed else None)
    assert (await asgi.call(app(None), "OPTIONS", EVENTS + query, headers)).status == 503


async def test_the_secret_of_a_dataverse_webhook_opens_it() -> None:
    assert (await asgi.call(app("s3cret"), "POST", EVENTS, {"x-functions-key": "s3cret"}, {})).status == 202


async def test_who_guesses_the_secret_is_slowed_down_and_d365_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_of_limits(monkeypatch)
    limited = app("s3cret", EventLimits(Limit("secret", 4), Limit("address", 2)))

    async def send(secret: str) -> tuple[int, str | None]:
        answer = await asgi.call(limited, "POST", EVENTS, {"Authorization": f"Bearer {secret}"}, {})
        return answer.status, answer.json().get("policy")

    assert [await send("guess") for _ in range(3)] == [(401, None), (401, None), (429, "address")]
    assert [await send("s3cret") for _ in range(5)] == [(202, None)] * 4 + [(429, "secret")]


async def test_odd_bytes_are_refused_as_what_they_are() -> None:
    assert await failures(app("s3cret"), "s3cret", {}) == []
