"""Every header, parameter and body of an API with odd bytes, over a real socket: each gets the fitting refusal."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from case_shared.web.http_protocol import BoundedProtocol
from case_shared.web.service import _Server
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port

Json = dict[str, Any]
HEADERS = (
    "If-Match", "If-None-Match", "Idempotency-Key", "Last-Event-ID", "Prefer", "Accept", "Origin", "traceparent",
    "Host", "X-Forwarded-For", "Content-Type",
)  # fmt: skip
IN_A_HEADER = (
    b"\xff\xfe", b"\xc3\xa9", b'"\xb2"', b"[", b"\x01", b"wait=\xb9", b'"' + b"9" * 400 + b'"', b'"1", W/"2", *',
    b"00-" + b"f" * 32 + b"-" + b"f" * 16 + b"-zz",
)  # fmt: skip
# Percent-encoded for addresses.
IN_AN_ADDRESS = (
    "%ff%fe", "%C3%A9", "%00", "a%00b", "nan", "inf", "-1", "1e400", "9" * 400, "%EF%BC%91", "%ED%A0%80", "%5B",
    "%2F..", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "W0000000%00-1",
    "00000000-0000-0000-0000-00000000000g", "eyJhIjoxfQ", "WzFd", "",
)  # fmt: skip
BODIES = (
    b"\xff", b"[" * 100_000, b'{"reason":"\\ud800"}', b'{"reason":"\\u0000"}', b'{"a":1e999}', b"NaN", b"null", b"[]",
    b'{"reason":"x","begins_at":"0001-01-01T00:00:00+14:00","ends_at":"9999-12-31T23:59:59-14:00"}',
)  # fmt: skip


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[int]:
    """The application behind production's server; yields its port."""
    port = free_port()
    server = _Server(uvicorn.Config(app, port=port, http=BoundedProtocol, log_config=None, lifespan="off"))
    run = asyncio.create_task(server.serve(sockets=[server.config.bind_socket()]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield port
    finally:
        server.should_exit = True
        await run


async def failures(app: FastAPI, token: str, path: Mapping[str, str]) -> list[str]:
    """The odd requests with a 500 or without an answer; `path` fills the addresses."""
    async with listening(app) as port:
        pending = list(_requests(app.openapi(), token.encode(), path))
        found: list[str] = []

        async def work() -> None:
            while pending:
                request = pending.pop()
                status = await _status(port, request)
                if status not in {"2", "3", "4"} and not (status == "5" and b"d365" in request):
                    found.append(f"{status}: {request[:300]!r}")

        await asyncio.gather(*(work() for _ in range(8)))
        return found


def _requests(document: Json, token: bytes, path: Mapping[str, str]) -> Iterator[bytes]:
    bearer = b"Authorization: Bearer " + token
    for address, operations in document["paths"].items():
        for method, operation in operations.items():
            verb, plain = method.upper().encode(), address.format(**path)
            yield from _headers(verb, plain, bearer)
            for odd in IN_AN_ADDRESS:
                filled = [address.format(**{**path, name: odd}) for name in re.findall(r"\{(\w+)\}", address)]
                named = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
                for target in (*filled, *(f"{plain}?{name}={odd}" for name in (*named, odd))):
                    yield _request(verb, target, bearer, b'If-Match: "1"')
            for body in BODIES if method in {"post", "patch"} else ():
                yield _request(verb, plain, bearer, b'If-Match: "1"', body=body)


def _headers(verb: bytes, address: str, bearer: bytes) -> Iterator[bytes]:
    for value in IN_A_HEADER:
        yield _request(verb, address, b"Authorization: " + value)
        yield _request(verb, address, b"Authorization: Bearer " + value)
        yield _request(verb, address, bearer, *(b"%b: %b" % (name.encode(), value) for name in HEADERS[:-1]))
        yield _request(verb, address, bearer, b"%b: %b" % (HEADERS[-1].encode(), value))


def _request(verb: bytes, address: str, *headers: bytes, body: bytes = b"") -> bytes:
    given = [b"Content-Type: application/json"] if body else []
    if not any(header.startswith(b"Host:") for header in headers):
        given.append(b"Host: x")
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"%b %b HTTP/1.1" % (verb, address.encode()), *given, *headers, length, b"", body])


async def _status(port: int, request: bytes) -> str:
    """The first digit of the answer's status, empty without an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        line = await asyncio.wait_for(reader.readline(), 30 * PATIENCE)
        return line[9:10].decode()
    finally:
        writer.close()
