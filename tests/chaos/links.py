"""TCP proxies between two parts: each link can be cut, delayed, left half open, or reset after some bytes."""

import asyncio
import contextlib
import os
import random
import socket
import struct
from dataclasses import dataclass, field

_CHUNK = 65_536
_LINGER_NONE = struct.pack("ii", 1, 0)  # close() sends a reset


@dataclass(frozen=True)
class Weather:
    """What a link does to the bytes that pass through; nothing by default.

    `delay_seconds` is the mean delay per chunk over all connections: each connection has its own, so that the first
    request may get the last answer. `reset_after_bytes` counts what the server sends on one connection.
    """

    refused: bool = False
    delay_seconds: float = 0.0
    silent: bool = False
    reset_after_bytes: int | None = None


@dataclass
class Link:
    """The connection from `client` to `server`, which listens on `target_port`; clients connect to `port`."""

    client: str
    server: str
    port: int
    target_port: int
    weather: Weather = field(default_factory=Weather)
    _listener: asyncio.Server | None = None
    _pairs: set[asyncio.Task[None]] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Its name in reports."""
        return f"{self.client} → {self.server}"

    def next_target(self) -> int:
        """The port that the next connection goes to."""
        return self.target_port

    async def open(self) -> None:
        """Begin to listen."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        """End every connection."""
        if self._listener is not None:
            self._listener.close()
        while self._pairs:
            self.reset()
            await asyncio.wait(self._pairs, timeout=1)

    def reset(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            _abort(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = asyncio.current_task()
        assert pair is not None
        self._pairs.add(pair)
        self._writers.add(writer)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._pairs.discard(pair)
            self._writers.discard(writer)
            _abort(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.refused:
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.next_target())
        self._writers.add(back)
        try:
            share = random.uniform(0, 2)
            ways = [
                asyncio.create_task(self._pump(reader, back, share)),
                asyncio.create_task(self._pump(there, writer, share, answers=True)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._writers.discard(back)
            with contextlib.suppress(OSError):
                back.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, share: float, *, answers: bool = False
    ) -> None:
        passed = 0
        while chunk := await source.read(_CHUNK):
            weather = self.weather
            if weather.silent:
                continue  # dropped: neither side notices
            if weather.delay_seconds:
                await asyncio.sleep(weather.delay_seconds * share)
            passed += len(chunk)
            if answers and weather.reset_after_bytes is not None and passed > weather.reset_after_bytes:
                sink.write(chunk[: len(chunk) // 2])
                _abort(sink)
                return
            sink.write(chunk)
            await sink.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        # By its own number: what uvloop returns has no options.
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()
