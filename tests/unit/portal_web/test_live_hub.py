"""The pages of a dealer share one stream of the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from case_shared.words.errors import Transient
from portal_web.app.live_hub import LiveHub, Page, TooManyPages
from portal_web.domain.live import Event
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

NOW = datetime.now(UTC)


@dataclass
class Upstream:
    """An API's stream; `opened` lists the IDs after which it was read, and the users of the tokens."""

    opened: list[tuple[str, str | None]] = field(default_factory=list)
    open_now: int = 0
    refuses: bool = False
    _queue: "asyncio.Queue[Event | None]" = field(default_factory=asyncio.Queue)

    def page(self, user: str = "ann", minutes: int = 10) -> Page:
        """A page of `user`, whose token lasts `minutes`."""

        @asynccontextmanager
        async def opened(place: str | None) -> AsyncIterator[AsyncIterator[Event]]:
            if self.refuses:
                raise Transient("away")
            self.opened.append((user, place))
            self.open_now += 1
            try:
                yield self._events()
            finally:
                self.open_now -= 1

        return Page(opened, NOW + timedelta(minutes=minutes))

    async def _events(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event

    def send(self, *ids: str) -> None:
        """Send events with these IDs."""
        for one in ids:
            self._queue.put_nowait(Event("case", one, ["{}"]))

    def end(self) -> None:
        """End the stream because its token expired."""
        self._queue.put_nowait(None)


async def ids(page: Page, count: int) -> list[str | None]:
    """The IDs of the next `count` events."""
    found: list[Event] = []
    async with asyncio.timeout(5 * PATIENCE):
        while len(found) < count:
            found += await page.take(1)
    return [event.id for event in found]


async def test_a_hundred_pages_read_one_stream_and_a_slow_one_delays_nobody() -> None:
    hub, upstream = LiveHub(200, 200), Upstream()
    pages = [upstream.page() for _ in range(100)]
    async with AsyncExitStack() as stack:
        for page in pages:
            await stack.enter_async_context(hub.looking("d", "ann", page, None))
        assert upstream.open_now == 1
        for number in range(150):
            upstream.send(str(number))
            await ids(pages[0], 1)
        slow = await pages[1].take(1)
        assert slow[0].name == "resync", "it loads again, and gets what comes then"
        assert len(slow) <= 100
        assert slow[-1].id == "149"
    assert await eventually(lambda: _none_open(upstream))
    assert hub._shared == {}
    assert not hub._of_users


async def _none_open(upstream: Upstream) -> bool:
    return upstream.open_now == 0


async def test_a_page_that_comes_back_goes_on_from_where_it_was() -> None:
    hub, upstream = LiveHub(20, 100), Upstream()
    first, again, lost = (upstream.page() for _ in range(3))
    async with hub.looking("d", "ann", first, "0"):
        assert upstream.opened == [("ann", "0")], "the API knows places that are forgotten here"
        upstream.send("1", "2", "3")
        assert await ids(first, 3) == ["1", "2", "3"]
        async with hub.looking("d", "bob", again, "1"), hub.looking("d", "eve", lost, "elsewhere"):
            assert await ids(again, 2) == ["2", "3"]
            (event,) = await lost.take(1)
            assert (event.name, event.id) == ("resync", "3")


async def test_when_a_token_ends_another_page_s_reads_on_from_there() -> None:
    hub, upstream = LiveHub(20, 100), Upstream()
    short, long = upstream.page("ann", 1), upstream.page("bob", 9)
    async with hub.looking("d", "ann", short, None), hub.looking("d", "bob", long, None):
        upstream.send("1")
        await ids(long, 2)
        upstream.end()

        async def reopened() -> bool:
            return upstream.opened == [("ann", None), ("bob", "1")]

        await eventually(reopened)
        upstream.send("2")
        assert await ids(long, 1) == ["2"]


async def test_above_the_cap_a_user_polls_and_others_are_not_concerned() -> None:
    hub, upstream = LiveHub(2, 3), Upstream()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(hub.looking("d", "ann", upstream.page(), None))
        with pytest.raises(TooManyPages):
            await stack.enter_async_context(hub.looking("d", "ann", upstream.page(), None))
        await stack.enter_async_context(hub.looking("d", "bob", upstream.page("bob"), None))
        with pytest.raises(TooManyPages):
            await stack.enter_async_context(hub.looking("d", "eve", upstream.page("eve"), None))
        await stack.enter_async_context(hub.looking("other", "eve", upstream.page("eve"), None))


async def test_where_the_api_refuses_so_does_the_stream() -> None:
    hub, upstream = LiveHub(2, 3), Upstream(refuses=True)
    with pytest.raises(Transient):
        async with hub.looking("d", "ann", upstream.page(), None):
            pass
    assert hub._shared == {}
    upstream.refuses = False
    async with hub.looking("d", "ann", upstream.page(), None):
        assert upstream.open_now == 1
