"""What waits to be sent to one client: bounded, so that a slow reader costs no memory and holds nobody up."""

import asyncio
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from prometheus_client import Counter

_resyncs = Counter("casebridge_live_resyncs_total", "Streams told to fetch everything anew", ["reason"])


class Resync(StrEnum):
    """Why a client must fetch anew."""

    UNKNOWN_ID = "unknown_id"
    TOO_OLD = "too_old"
    TOO_SLOW = "too_slow"
    INTERRUPTED = "interrupted"


class Event(NamedTuple):
    """A case as it is sent, encoded once for all streams; `written_at` is when Kafka got its record (Unix seconds)."""

    id: str
    body: bytes
    written_at: float


class Loss(NamedTuple):
    """That the client must fetch anew, and the id of the place from which it is told again."""

    reason: Resync
    id: str


class Stream:
    """One client's stream: what waits to be sent to it.

    `start_id` is the place where it begins, unless it goes on from an id of its client.
    """

    def __init__(self, dealer: str, waiting_bytes: int) -> None:
        self.dealer = dealer
        self.start_id: str | None = None
        self.ended = False
        self._loss: Loss | None = None
        self._room = self._waiting_bytes = waiting_bytes
        self._waiting: deque[Event] = deque()
        self._bell = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to send, or the stream has ended; `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass

    def take(self) -> tuple[Loss | None, list[Event]]:
        """What to send now: first whether the client must fetch anew, then the events since."""
        taken = (self._loss, list(self._waiting))
        self._empty()
        self._loss = None
        if not self.ended:
            self._bell.clear()
        return taken

    def push(self, event: Event) -> None:
        """Send an event; a client that has too much waiting loses all of it, and fetches anew."""
        self._room -= len(event.body)
        if self._room < 0:
            self.lose(Resync.TOO_SLOW, event.id)
            return
        self._waiting.append(event)
        self._bell.set()

    def push_first(self, events: Sequence[Event]) -> None:
        """Send what was missed, before what has come since."""
        since = list(self._waiting)
        self._empty()
        for event in (*events, *since):
            self.push(event)

    def lose(self, reason: Resync, place: str) -> None:
        """Drop what waits: the client fetches anew, and is told what comes after `place`."""
        _resyncs.labels(reason.value).inc()
        self._empty()
        self._loss = Loss(reason, place)
        self._bell.set()

    def end(self) -> None:
        """End the stream; what waits is told again where its client goes on."""
        self.ended = True
        self._bell.set()

    def _empty(self) -> None:
        self._waiting.clear()
        self._room = self._waiting_bytes
