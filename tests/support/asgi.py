"""Routes of an application, and calls of them that do not wait for the end of a stream."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    """Status, headers by lowercase names, and the body (of a stream: its first part)."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)

    def comparable(self) -> tuple[int, dict[str, str], Any]:
        """Everything that a caller can compare, without trace IDs."""
        headers = {name: value for name, value in self.headers.items() if name not in {"date", "content-length"}}
        problem = self.json() if self.headers.get("content-type") == "application/problem+json" else None
        return self.status, headers, {**problem, "trace_id": ""} if problem else self.body


def operations(app: FastAPI) -> list[str]:
    """`GET /v1/…` of every route below /v1, including those that are not in the OpenAPI document."""
    found = {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if str(route.path).startswith("/v1")
    }
    return sorted(found - {name for name in found if name.startswith("HEAD ")})


def paths_of(app: FastAPI) -> set[str]:
    """The path of every route, as its template."""
    return {str(route.path) for route in iter_route_contexts(app.routes)}


async def call(
    app: FastAPI, method: str, target: str, headers: Mapping[str, str], body: Any = None, *, seconds: float = 5
) -> Answer:
    """Call the application; leaves a stream of events once it has begun. `seconds` are multiplied by `PATIENCE`."""
    path, _, query = target.partition("?")
    sent = b"" if body is None else orjson.dumps(body)
    given = {"host": "api", "content-length": str(len(sent)), **{name.lower(): text for name, text in headers.items()}}
    if body is not None:
        given.setdefault("content-type", "application/json")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), text.encode()) for name, text in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("api", 80),
        "state": {},
    }
    messages: list[Any] = []
    done = asyncio.Event()

    requests = [{"type": "http.request", "body": sent, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        begun = message["type"] == "http.response.start"
        streams = begun and (b"content-type", b"text/event-stream") in [
            (name, value.partition(b";")[0]) for name, value in message["headers"]
        ]
        if streams or (not begun and not message.get("more_body")):
            done.set()

    running = asyncio.ensure_future(app(scope, receive, send))
    async with asyncio.timeout(seconds * PATIENCE):
        await asyncio.wait(
            [running, waiting := asyncio.ensure_future(done.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        running.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
    start = messages[0]
    received = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], received, b"".join(message.get("body", b"") for message in messages[1:]))
