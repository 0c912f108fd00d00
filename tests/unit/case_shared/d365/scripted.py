"""A D365 on a real socket that answers exactly as a test scripts, even half an answer or none."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from pydantic import SecretStr

from case_shared.d365.auth import open_tokens
from case_shared.d365.client import D365Client
from case_shared.d365.mapping import Mapping
from case_shared.d365.session import open_session, token_source
from case_shared.d365.sign_in import ClientCredentials
from case_shared.process.clock import SystemClock


def answer(
    status: int, body: str = "", content_type: str = "application/json; odata.metadata=minimal", **headers: str
) -> bytes:
    """A complete HTTP answer; a header's `_` becomes `-`."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {len(body.encode())}\r\n"
    return f"{head}{more}\r\n{body}".encode()


def token(value: str = "token-1", seconds: float = 3600) -> bytes:
    return answer(200, json.dumps({"access_token": value, "expires_in": seconds, "token_type": "Bearer"}))


def odata_error(message: str) -> str:
    inner = {"message": message, "type": "System.InvalidOperationException", "stacktrace": "at X"}
    return json.dumps({"error": {"code": "", "message": "An error has occurred.", "innererror": inner}})


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> str:
        return unquote(self.path.partition("?")[2])


Step = bytes | Callable[[asyncio.StreamWriter], None]


def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def silence(_: asyncio.StreamWriter) -> None:
    """The request arrived; it gets no answer."""


def then_hang_up(data: bytes) -> Step:
    def step(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return step


@dataclass
class ScriptedD365:
    """Answers data calls with `steps` in turn, the last one repeatedly, and token calls with `tokens` likewise."""

    steps: list[Step] = field(default_factory=list)
    tokens: list[Step] = field(default_factory=lambda: [token()])
    requests: list[Request] = field(default_factory=list)
    token_requests: list[Request] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                steps, seen = (
                    (self.tokens, self.token_requests) if "/token" in request.path else (self.steps, self.requests)
                )
                seen.append(request)
                step = steps.pop(0) if len(steps) > 1 else steps[0]
                if callable(step):
                    step(writer)
                else:
                    writer.write(step)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def scripted(*steps: Step) -> AsyncIterator[ScriptedD365]:
    d365 = ScriptedD365(steps=list(steps))
    server = await asyncio.start_server(d365.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    d365.url = f"http://{host}:{port}"
    try:
        yield d365
    finally:
        server.close()


@asynccontextmanager
async def client_of(
    url: str, mapping: Mapping | None = None, *, data_url: str | None = None
) -> AsyncIterator[D365Client]:
    """A client with real parts; tokens and, unless `data_url` says otherwise, data come from `url`."""
    clock = SystemClock()
    sign_in = ClientCredentials(f"{url}/oauth2/v2.0/token", "casebridge", SecretStr("secret"))
    async with (
        open_session(limit=8) as session,
        open_tokens(token_source(session, sign_in, f"{url}/.default", clock), clock) as tokens,
    ):
        yield D365Client(session, tokens, mapping or Mapping(), environment=data_url or url, clock=clock)
