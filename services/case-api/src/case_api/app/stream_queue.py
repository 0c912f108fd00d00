"""What waits to be sent to one client: bounded, so that a slow reader costs no memory and delays nobody."""

import asyncio
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from prometheus_client import Counter

_resyncs = Counter("casebridge_live_resyncs_total", "Streams whose client must fetch all cases again", ["reason"])


class Resync(StrEnum):
    """Why a client must fetch again."""

    UNKNOWN_ID = "unknown_id"
    TOO_OLD = "too_old"
    TOO_SLOW = "too_slow"
    INTERRUPTED = "interrupted"
    REMOVED = "removed"


class Event(NamedTuple):
    """A case as it is sent, encoded once for all streams; `written_at` is when Kafka got its record (Unix seconds)."""

    id: str
    body: bytes
    written_at: float


class Loss(NamedTuple):
    """The client must fetch again; `id` is the place from which its stream continues."""

    reason: Resync
    id: str


class Stream:
    """One client's stream, with what waits to be sent to it.

    `start_id` is the place where it starts, unless it resumes from an ID of its client.
    """

    def __init__(self, dealer: str, waiting_bytes: int) -> None:
        self.dealer = dealer
        self.start_id: str | None = None
        self.ended = False
        self._loss: Loss | None = None
        self._room = self._waiting_bytes = waiting_bytes
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait until something can be sent, or the stream has ended; at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            pass

    def take(self) -> tuple[Loss | None, list[Event]]:
        """Return what to send now: first whether the client must fetch again, then the events since."""
        taken = (self._loss, list(self._waiting))
        self._empty()
        self._loss = None
        if not self.ended:
            self._arrived.clear()
        return taken

    def push(self, event: Event) -> None:
        """Queue an event; a client with too much waiting loses all of it, and fetches again."""
        self._room -= len(event.body)
        if self._room < 0:
            self.lose(Resync.TOO_SLOW, event.id)
            return
        self._waiting.append(event)
        self._arrived.set()

    def push_first(self, events: Sequence[Event]) -> None:
        """Queue what was missed, before what has come since."""
        since = list(self._waiting)
        self._empty()
        for event in (*events, *since):
            self.push(event)

    def lose(self, reason: Resync, place: str) -> None:
        """Drop what waits: the client fetches again, and gets what comes after `place`."""
        _resyncs.labels(reason.value).inc()
        self._empty()
        self._loss = Loss(reason, place)
        self._arrived.set()

    def end(self) -> None:
        """End the stream; its client gets what waits where it resumes."""
        self.ended = True
        self._arrived.set()

    def _empty(self) -> None:
        self._waiting.clear()
        self._room = self._waiting_bytes
