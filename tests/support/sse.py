"""A client of server-sent events, like that of a portal front end: it reads continuously, and keeps the last ID."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.eventually import eventually


@dataclass(frozen=True)
class ServerEvent:
    """An event, and the last ID up to it."""

    name: str
    data: dict[str, Any]
    id: str | None


@dataclass
class Watcher:
    """One open stream, with everything received so far."""

    response: aiohttp.ClientResponse
    events: list[ServerEvent] = field(default_factory=list)
    comments: int = 0
    last_id: str | None = None
    retry_ms: int | None = None
    closed: bool = False

    @property
    def cases(self) -> list[dict[str, Any]]:
        """The received cases."""
        return [event.data for event in self.events if event.name == "case"]

    @property
    def statuses(self) -> list[str]:
        """Their statuses."""
        return [case["status"] for case in self.cases]

    @property
    def resyncs(self) -> list[str]:
        """The reasons of `resync` events."""
        return [event.data["reason"] for event in self.events if event.name == "resync"]

    @property
    def ends(self) -> list[str]:
        """The reasons of `end` events."""
        return [event.data["reason"] for event in self.events if event.name == "end"]

    async def until(self, holds: Callable[["Watcher"], bool], within_seconds: float = 15) -> None:
        """Wait until `holds` accepts this watcher."""

        async def looks() -> "Watcher":
            return self

        await eventually(looks, holds, within_seconds=within_seconds, every_seconds=0.01)

    async def read(self) -> None:
        """Read until the server or the network ends it."""
        block: list[str] = []
        try:
            async for line in self.response.content:
                text = line.decode().rstrip("\n")
                if text:
                    block.append(text)
                else:
                    self._take(block)
                    block = []
        except aiohttp.ClientError:
            pass
        finally:
            self.closed = True

    def _take(self, block: list[str]) -> None:
        fields = dict(line.partition(": ")[::2] for line in block)
        self.last_id = fields.get("id", self.last_id)
        self.comments += "" in fields
        if "retry" in fields:
            self.retry_ms = int(fields["retry"])
        if "data" in fields:
            self.events.append(ServerEvent(fields["event"], json.loads(fields["data"]), self.last_id))


@asynccontextmanager
async def watching(url: str, token: str, *, last_event_id: str | None = None) -> AsyncIterator[Watcher]:
    """Watch the stream at `url` for the block, once it is open."""
    headers = {"Authorization": f"Bearer {token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    timeout = aiohttp.ClientTimeout(total=None, sock_read=None)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, headers=headers) as response:
        assert response.status == 200, await response.text()
        watcher = Watcher(response)
        reading = asyncio.create_task(watcher.read())
        try:
            await watcher.until(lambda one: one.retry_ms is not None)
            yield watcher
        finally:
            reading.cancel()
