"""A request must arrive in time and within its size; otherwise the server closes the connection."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import cast

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI, Request

from case_shared.web import http_protocol
from case_shared.web.http_protocol import BoundedProtocol
from case_shared.web.service import _Server
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port

HEAD = b"GET /headers HTTP/1.1\r\nhost: x\r\n"
# A busy machine may take long, and a server without bounds never ends.
MOST_SECONDS = 5 * PATIENCE
BODY = b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"
# As Java's java.net.http.HttpClient sends each request over http://, with a body by its length or in chunks.
OFFER = b"connection: Upgrade, HTTP2-Settings\r\nhost: x\r\nhttp2-settings: AAEAAEAAAAIAAAAB\r\nupgrade: h2c\r\n"
SENT = b'{"a": "bc"}'
BY_LENGTH = b"POST /echo HTTP/1.1\r\n" + OFFER + b"content-length: 11\r\n\r\n" + SENT
IN_CHUNKS = (
    b"POST /echo HTTP/1.1\r\n" + OFFER + b'transfer-encoding: chunked\r\n\r\n4\r\n{"a"\r\n7\r\n: "bc"}\r\n0\r\n\r\n'
)


def app() -> FastAPI:
    app = FastAPI()

    @app.get("/headers")
    async def headers(request: Request) -> list[str]:
        return list(request.headers)

    @app.post("/refused")
    async def refused() -> str:
        return "nothing read"

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, str]:
        return cast("dict[str, str]", await request.json())

    @app.post("/slow")
    async def slow(request: Request) -> list[str]:
        await request.body()
        await asyncio.sleep(1)
        return list(request.headers)

    return app


@pytest_asyncio.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    """A server with the bounds, with short times."""
    number = free_port()
    server = _Server(uvicorn.Config(app(), port=number, http=BoundedProtocol, log_config=None, lifespan="off"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_protocol, "HEAD_SECONDS", 0.4)
        patch.setattr(http_protocol, "_BODY_SECONDS", 0.4)
        patch.setattr(http_protocol, "_MAX_RAW_BODY_BYTES", 200_000)
        run = asyncio.create_task(server.serve(sockets=[server.config.bind_socket()]))

        async def started() -> bool:
            return server.started

        await eventually(started)
        yield number
        server.should_exit = True
        await run


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def received(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends, be it by a reset: whoever still sends to a closed one gets that."""
    whole = b""
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            whole += piece
    return whole


async def answer(port: int, sent: bytes) -> bytes:
    """The server's answer to `sent`, until it closes the connection."""
    async with connection(port) as (reader, writer):
        writer.write(sent)
        return await asyncio.wait_for(received(reader), MOST_SECONDS)


async def trickled(port: int, begin: bytes, piece: bytes) -> tuple[bytes, float]:
    """The server's answer while `piece` is sent repeatedly, and the seconds until it closed the connection."""
    began = time.monotonic()  # before the server's clock can begin
    async with connection(port) as (reader, writer):
        writer.write(begin)
        answered = asyncio.create_task(received(reader))
        with suppress(ConnectionError):
            while not answered.done() and time.monotonic() - began < MOST_SECONDS:
                await asyncio.sleep(0.05)
                writer.write(piece)
                await writer.drain()
        return await asyncio.wait_for(answered, MOST_SECONDS), time.monotonic() - began


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"a: " + b"x" * 40_000 + b"\r\n\r\n",
        HEAD + b"a: " + b"x" * 40_000,
        HEAD + b"a: 1\r\n" * 101 + b"\r\n",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=["a long header", "a header without end", "many headers", "a long address"],
)
async def test_a_large_head_is_431(port: int, sent: bytes) -> None:
    received = await answer(port, sent)
    assert received.startswith(b"HTTP/1.1 431 ")
    assert b"urn:casebridge:problem:headers-too-large" in received


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / nonsense\r\n\r\n",
        HEAD + b"a b: 1\r\n\r\n",
        HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\n",
    ],
    ids=["TLS", "no version", "a space in a name", "two lengths"],
)
async def test_what_is_not_http_is_a_problem_too(port: int, sent: bytes) -> None:
    received = await answer(port, sent)
    assert received.startswith(b"HTTP/1.1 400 ")
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["type"] == "urn:casebridge:problem:malformed-request"


@pytest.mark.parametrize(
    ("begin", "piece", "said"),
    [
        (b"", b"", b""),
        (b"", b"\r\n", b""),
        (b"GET /", b"x", b"HTTP/1.1 408 "),
        (HEAD, b"a: 1\r\n", b"HTTP/1.1 408 "),
        (BODY, b"x", b"HTTP/1.1 200 "),
        (HEAD + b"\r\n" + HEAD, b"a: 1\r\n", b"HTTP/1.1 200 "),
    ],
    ids=["silence", "line feeds", "an address", "headers", "a body that nobody reads", "a second request"],
)
async def test_what_trickles_is_ended(port: int, begin: bytes, piece: bytes, said: bytes) -> None:
    received, seconds = await trickled(port, begin, piece)
    assert received.startswith(said)
    assert bool(received) == bool(said)
    assert 0.2 < seconds < MOST_SECONDS


async def test_a_body_without_end_that_nobody_reads_is_ended(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Because of its size, long before the time limit.
    monkeypatch.setattr(http_protocol, "_BODY_SECONDS", MOST_SECONDS)
    _, seconds = await trickled(port, BODY.replace(b"100000", b"100000000"), b"x" * 50_000)
    assert seconds < MOST_SECONDS


async def test_who_is_in_time_notices_nothing(port: int) -> None:
    async with connection(port) as (reader, writer):
        for _ in range(2):
            # Longer than a body may take: the answer has no such limit. A trailer is not a header.
            chunks = b"1\r\n{\r\n1\r\n}\r\n0\r\nauthorization: Bearer x\r\n\r\n"
            writer.write(b"POST /slow HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunks)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), MOST_SECONDS)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(28) == b'["host","transfer-encoding"]'
        writer.write(HEAD + b"a: 1\r\n" * 90 + b"\r\n" + HEAD + b"\r\n")
        for _ in range(2):
            assert (await asyncio.wait_for(reader.readuntil(b"]"), MOST_SECONDS)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "cuts"),
    [
        (BY_LENGTH, []),
        (BY_LENGTH, [BY_LENGTH.index(SENT)]),
        (BY_LENGTH, [BY_LENGTH.index(SENT) + 4]),
        (IN_CHUNKS, []),
        (IN_CHUNKS, [IN_CHUNKS.index(b"4\r\n{"), IN_CHUNKS.index(b'"a"')]),
        (BY_LENGTH, [BY_LENGTH.index(b"Upgrade") + 3, BY_LENGTH.index(b"upgrade:") + 3]),
        (BY_LENGTH, list(range(16, len(BY_LENGTH), 16))),
    ],
    ids=["one write", "head and body", "within the body", "chunked", "chunks in pieces", "within Upgrade", "in pieces"],
)
async def test_whoever_offers_another_protocol_is_answered_in_this_one(port: int, sent: bytes, cuts: list[int]) -> None:
    async with connection(port) as (reader, writer):
        for _ in range(2):
            for begin, end in pairwise([0, *cuts, len(sent)]):
                writer.write(sent[begin:end])
                await writer.drain()
                await asyncio.sleep(0.001 if cuts else 0)  # in segments of their own
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), MOST_SECONDS)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(10) == SENT.replace(b" ", b"")
        writer.write(HEAD + b"connection: close\r\n\r\n")
        last = await asyncio.wait_for(received(reader), MOST_SECONDS)
        assert last.count(b"HTTP/1.1 ") == 1, "nothing was answered that nobody asked"
        assert last.endswith(b'["host","connection"]')


async def test_what_follows_an_offer_in_the_same_segment_is_answered_too(port: int) -> None:
    looked = HEAD + OFFER.replace(b"host: x\r\n", b"") + b"\r\n"
    last = HEAD + b"connection: close\r\n\r\n"
    answered = await answer(port, looked + BY_LENGTH + looked + IN_CHUNKS + last)
    assert answered.count(b"HTTP/1.1 200 ") == answered.count(b"HTTP/1.1 ") == 5
    assert answered.count(SENT.replace(b" ", b"")) == 2


@pytest.mark.parametrize("sent", [HEAD + OFFER.replace(b"host: x\r\n", b"") + b"\r\n", BY_LENGTH])
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"connection: Upgrade", b"connection: close, Upgrade"), (b"HTTP/1.1", b"HTTP/1.0")],
    ids=["close", "HTTP/1.0"],
)
async def test_an_offer_on_a_connection_that_ends_is_answered(port: int, sent: bytes, old: bytes, new: bytes) -> None:
    assert (await answer(port, sent.replace(old, new))).startswith(b"HTTP/1.1 200 ")


async def test_an_offer_lifts_no_bound(port: int) -> None:
    head = b"POST /echo HTTP/1.1\r\n" + OFFER
    assert (await answer(port, head + b"a: 1\r\n" * 101 + b"\r\n")).startswith(b"HTTP/1.1 431 ")
    assert (await answer(port, head + b"content-length: 11\r\n")).startswith(b"HTTP/1.1 408 ")
    two_lengths = head + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n"
    assert (await answer(port, two_lengths)).startswith(b"HTTP/1.1 400 ")
    unread = BODY.replace(b"host: x\r\n", OFFER)
    said, seconds = await trickled(port, unread, b"x")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert seconds < MOST_SECONDS


async def test_this_is_no_tunnel(port: int) -> None:
    for target in (b"x:443", b"/headers"):
        answered = await answer(port, b"CONNECT " + target + b" HTTP/1.1\r\nhost: x\r\n\r\n" + HEAD + b"\r\n")
        assert answered.startswith(b"HTTP/1.1 400 ")
        assert answered.count(b"HTTP/1.1 ") == 1
