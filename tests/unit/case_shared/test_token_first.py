"""No endpoint of any API reads a body before it knows the sender."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from case_api import wiring as case_api
from case_shared.web.http import create_app
from d365_sync.web.app import create
from status_sync.web.events import EventLimits, event_routes
from tests.integration.d365_sync.operators import WordVerifier
from tests.support import asgi


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


def apis() -> dict[str, FastAPI]:
    events = event_routes(SecretStr("s3cret"), EventLimits())
    return {
        "case-api": case_api.build_app(None),
        "d365-sync": create(nothing),
        "status-sync": create_app("status-sync", "", nothing, None, [events]),
    }


@pytest.mark.parametrize("name", apis())
async def test_a_stranger_is_refused_before_anything_is_read(name: str) -> None:
    app = apis()[name]
    app.state.token_verifier = WordVerifier()
    app.state.context = SimpleNamespace(request_seconds=5)
    operations = asgi.operations(app)
    assert operations
    for operation in operations:
        method, _, path = operation.partition(" ")
        assert await refused(app, method, path, [(b"authorization", b"Bearer stranger")]) == 401, operation
        # A handshake grants no rights, and its sender may not have the secret yet.
        expected = 200 if method == "OPTIONS" else 401
        assert await refused(app, method, path, []) == expected, operation


async def refused(app: FastAPI, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> int:
    """The status of the answer if the request's body never arrives."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError(f"the body of {method} {path} was read")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path.replace("{", "").replace("}", ""),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"1000"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("api", 80),
        "state": {},
    }
    await app(scope, receive, send)
    [status] = statuses
    return status
