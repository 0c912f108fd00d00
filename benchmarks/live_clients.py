"""The clients of the benchmark `live`, in their own process: many streams that only note when a case came.

Reads its orders from stdin, one per line: the plan as JSON, then `measure`, then `stop`; answers each with a line.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import uvloop

# When the change began, according to the case's document.
BEGAN = re.compile(rb'"status_as_of":"([^"]+)"')


@dataclass
class Noted:
    """What all streams note; delays in milliseconds."""

    opened: int = 0
    closed: int = 0
    refused: bytes = b""
    delays: list[float] = field(default_factory=list)


class Stream(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: str, noted: Noted) -> None:
        self._request = request
        self._noted = noted
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        cast("asyncio.Transport", transport).write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200 "):
            self._noted.refused = data
        if not self._is_open and b"retry:" in data:
            self._is_open = True
            self._noted.opened += 1
        for began in BEGAN.findall(data):
            self._noted.delays.append((now - datetime.fromisoformat(began.decode()).timestamp()) * 1000)

    def connection_lost(self, _error: Exception | None) -> None:
        self._noted.closed += 1


async def main() -> None:
    """Open the streams of the plan `{url, streams_per_dealer, tokens: {dealer: token}}`, and follow the orders."""
    noted = Noted()
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    plan = json.loads(await orders.readline())
    url = urlsplit(plan["url"])
    for dealer, token in plan["tokens"].items():
        request = f"GET /v1/dealers/{dealer}/cases/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        for _ in range(plan["streams_per_dealer"]):
            await loop.create_connection(partial(Stream, request, noted), url.hostname, url.port)
    while noted.opened < len(plan["tokens"]) * plan["streams_per_dealer"]:
        if noted.refused:
            sys.exit(f"a stream was refused: {noted.refused.decode()}")
        await asyncio.sleep(0.05)
    _answer({"opened": noted.opened})
    await orders.readline()
    noted.delays.clear()
    _answer({})
    await orders.readline()
    _answer({"delays": sorted(noted.delays), "closed": noted.closed})


def _answer(document: object) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
