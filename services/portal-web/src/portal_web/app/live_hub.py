"""Send changes to every live page: one stream of the API for all pages of a dealer in this process."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from case_shared.words.errors import Transient
from portal_web.domain.live import Event, resync

log = structlog.get_logger(__name__)
Open = Callable[[str | None], AbstractAsyncContextManager[AsyncIterator[Event]]]
# How many events may wait for a slow page before it must reload, and how many are kept for pages that reconnect.
_MOST_WAITING, _REMEMBERED = 100, 500
_PAUSE_SECONDS = 1.0


class TooManyPages(Exception):
    """A user or a dealer has the maximum number of live pages; the page polls instead."""


class Page:
    """A live page: `open` opens the API's stream with its user's token, which is valid until `ends_at`."""

    def __init__(self, open_: Open, ends_at: datetime) -> None:
        self.open, self.ends_at = open_, ends_at
        self.ended = False
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()

    def push(self, event: Event) -> None:
        """Queue an event without waiting; a page that is too slow loses its queue and must reload."""
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            event = resync(event.id)
        self._waiting.append(event)
        self._arrived.set()

    def end(self) -> None:
        """End the stream: the browser reconnects."""
        self.ended = True
        self._arrived.set()

    async def take(self, seconds: float) -> list[Event]:
        """The queued events, or those that come within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return []
        taken = list(self._waiting)
        self._waiting.clear()
        if not self.ended:
            self._arrived.clear()
        return taken


@dataclass
class _Shared:
    """The pages of a dealer, and the API's stream that they share."""

    members: set[Page] = field(default_factory=set)
    _caught_up: set[Page] = field(default_factory=set)
    _history: deque[Event] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _place: str | None = None
    _reading: asyncio.Task[None] | None = None
    _opened: asyncio.Future[None] | None = None

    async def join(self, page: Page, last_event_id: str | None) -> None:
        """Send `page` what comes; raises what opening the stream raises."""
        self.members.add(page)
        if self._reading is None or self._reading.done():
            self._opened = asyncio.get_running_loop().create_future()
            self._place = last_event_id or self._place
            self._reading = asyncio.create_task(self._read(self._opened))
            self._caught_up.add(page)
        assert self._opened is not None
        await asyncio.shield(self._opened)
        if page not in self._caught_up:
            self._catch_up(page, last_event_id)
            self._caught_up.add(page)

    def leave(self, page: Page) -> None:
        """Remove `page`; without any page left, the stream ends."""
        self.members.discard(page)
        self._caught_up.discard(page)
        if not self.members and self._reading:
            self._reading.cancel()

    def _catch_up(self, page: Page, last_event_id: str | None) -> None:
        places = [event.id for event in self._history]
        if last_event_id is None or last_event_id == self._place:
            page.push(Event(id=self._place))
        elif last_event_id in places:
            since = len(places) - places[::-1].index(last_event_id)
            for event in list(self._history)[since:]:
                page.push(event)
        else:
            page.push(resync(self._place))

    async def _read(self, opened: asyncio.Future[None]) -> None:
        """Read with the token that lasts longest; when that ends, continue from the same place with another page's."""
        try:
            while there := [page for page in self.members if not page.ended]:
                async with max(there, key=lambda page: page.ends_at).open(self._place) as events:
                    if not opened.done():
                        opened.set_result(None)
                    async for event in events:
                        self._publish(event)
                await asyncio.sleep(_PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - whoever waits for the stream raises it
            if opened.done():
                log.warning("live_stream_lost", error=repr(error))
            else:
                opened.set_exception(error)
                opened.exception()  # whoever waits for it raises it; perhaps nobody waits now
        finally:
            if not opened.done():
                opened.set_exception(Transient("the stream was given up"))
                opened.exception()
            for page in self.members:
                page.end()

    def _publish(self, event: Event) -> None:
        if event.name == "end":
            return
        self._place = event.id or self._place
        self._history.append(event)
        for page in self._caught_up:
            page.push(event)


@dataclass
class LiveHub:
    """The use case: a limited number of live pages per user and per dealer in this process; the others poll."""

    most_of_user: int
    most_of_dealer: int
    _shared: dict[str, _Shared] = field(default_factory=dict)
    _of_users: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def looking(self, dealer: str, user: str, page: Page, last_event_id: str | None) -> AsyncIterator[Page]:
        """Within the block, send `page` the changes of `dealer` after `last_event_id`.

        The caller has checked that `user` may act for the dealer. Raises TooManyPages, and what `page.open` raises.
        """
        there = self._shared.get(dealer)
        if self._of_users[user] >= self.most_of_user or (there and len(there.members) >= self.most_of_dealer):
            raise TooManyPages
        self._of_users[user] += 1
        shared = self._shared.setdefault(dealer, _Shared())
        try:
            await shared.join(page, last_event_id)
            yield page
        finally:
            shared.leave(page)
            if not shared.members and self._shared.get(dealer) is shared:
                del self._shared[dealer]
            self._of_users[user] -= 1
            if not self._of_users[user]:
                del self._of_users[user]
