"""The live streams of this replica: who listens, and what each listener is sent.

A record of Kafka is a notification: we read its case, and send the document to the streams of its dealer. Connect
first, then list: the list has what was stored before the stream started, and the stream has what comes later.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Protocol

from prometheus_client import Gauge

from case_api.app.recent_records import LiveRecord, RecentRecords, marked
from case_api.app.stream_queue import Event, Resync, Stream
from case_api.domain.case import Case
from case_api.domain.errors import TooManyStreams, TooManyStreamsOfDealer, TooManyStreamsOfUser
from case_api.domain.event_ids import Offsets, event_id, parse_event_id
from case_api.domain.overlay import LiveCase, with_delivery
from case_shared.process.clock import Clock

# Another replica may have read a little further than we have.
_CATCH_UP_SECONDS = 1.0
# A delivery event's consumer stores it within this time, including a rebalance of its group.
_STORED_SECONDS = 10.0
_MOST_UNSTORED = 1000
# How often to check whether a state that was sent before it was stored is stored by now.
_FOLLOW_UP_SECONDS = 0.25
# The waits double; after the longest one we stop checking, some ten minutes in all.
_LONGEST_WAIT_SECONDS = 256.0
# This many streams resume at a time: the rest of the pool is for other requests.
_RESUMED_AT_ONCE = 4
_streams = Gauge("casebridge_live_streams", "Open live streams")


class _Unstored(NamedTuple):
    """When to check next whether a state that streams were sent is stored; `ask_at` by the monotonic clock."""

    ask_at: float
    wait_seconds: float


class LiveStore(Protocol):
    """Cases for the live streams."""

    async def find(self, web_case_ids: Collection[str], dealers: Collection[str]) -> list[LiveCase]:
        """Return those of the cases that belong to one of the dealers; one statement."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most streams in all, of one user and of one dealer, and the most bytes that may wait for a slow reader."""

    streams: int
    streams_of_user: int
    streams_of_dealer: int
    waiting_bytes: int


@dataclass
class LiveStreams:
    """All streams of this replica; `encode` makes an event from a case and an ID."""

    store: LiveStore
    encode: Callable[[Case, str], bytes]
    recent: RecentRecords
    limits: Limits
    clock: Clock
    _open: dict[str, list[Stream]] = field(default_factory=dict)
    _of_users: Counter[str] = field(default_factory=Counter)
    _of_dealers: Counter[str] = field(default_factory=Counter)
    _resuming: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_RESUMED_AT_ONCE))
    _progress: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ended: bool = False
    # Cases whose streams were sent a state that GET does not show yet.
    _ahead: dict[str, _Unstored] = field(default_factory=dict)
    _followed_up_at: float = 0

    @property
    def place(self) -> str:
        """The ID of the place up to which every stream was sent everything."""
        return event_id(self.recent.offsets)

    @asynccontextmanager
    async def opened(self, dealer: str, last_event_id: str | None, user: str) -> AsyncIterator[Stream]:
        """Open a stream of `dealer` for the block, from after `last_event_id` or from now; `user` reads it.

        Raises: `TooManyStreams`, `TooManyStreamsOfUser`, `TooManyStreamsOfDealer`, and what the store raises.
        """
        self._count(dealer, user)
        stream = Stream(dealer, self.limits.waiting_bytes)
        try:
            await self._begin(stream, last_event_id)
            yield stream
        finally:
            self._forget(stream, user)

    def _count(self, dealer: str, user: str) -> None:
        if self._of_users[user] >= self.limits.streams_of_user:
            raise TooManyStreamsOfUser(self.limits.streams_of_user)
        if self._of_dealers[dealer] >= self.limits.streams_of_dealer:
            raise TooManyStreamsOfDealer(self.limits.streams_of_dealer)
        if self._of_dealers.total() >= self.limits.streams:
            raise TooManyStreams
        self._of_users[user] += 1
        self._of_dealers[dealer] += 1
        _streams.inc()

    def _forget(self, stream: Stream, user: str) -> None:
        _streams.dec()
        dealer = stream.dealer
        for counter, key in ((self._of_users, user), (self._of_dealers, dealer)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if stream in self._open.get(dealer, ()):
            self._open[dealer].remove(stream)
            if not self._open[dealer]:
                del self._open[dealer]

    async def _begin(self, stream: Stream, last_event_id: str | None) -> None:
        after = parse_event_id(last_event_id) if last_event_id is not None else None
        if after is not None:
            await self._caught_up(after)
        # From here to the end of the registration nothing else runs: no event is missed, and none comes twice.
        behind = after is None or self.recent.are_behind(after)
        missed = None if after is None or behind else self.recent.since(after)
        self._open.setdefault(stream.dealer, []).append(stream)
        if missed is None:
            stream.start_id = self.place
            if last_event_id is not None:
                stream.lose(Resync.UNKNOWN_ID if behind else Resync.TOO_OLD, stream.start_id)
            stream.push_first(await self._not_stored(stream))
        else:
            assert after is not None
            await self._resume(stream, after, missed)
        if self._ended:
            stream.end()

    async def _caught_up(self, after: Offsets) -> None:
        """Wait until we have read as far as `after`, but not long."""
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS), self._progress:
                await self._progress.wait_for(lambda: self._ended or not self.recent.are_behind(after))
        except TimeoutError:
            pass

    async def _not_stored(self, stream: Stream) -> list[Event]:
        """Return the newest delivery events that the list does not show yet: this stream would never get them."""
        place, now = self.place, self.clock.monotonic()
        deliveries = self.recent.recent_deliveries(now - _STORED_SECONDS, _MOST_UNSTORED)
        found = await self._find_for(stream.dealer, deliveries)
        written_at = self.clock.now().timestamp()
        return [
            Event(place, self.encode(self._newest(one), place), written_at) for one in found.values() if one.has_news
        ]

    async def _resume(self, stream: Stream, after: Offsets, missed: Sequence[LiveRecord]) -> None:
        """Send what the stream missed since `after`, each case once; if its dealer lost one, it fetches again."""
        theirs = {one.web_case_id for one in missed if one.web_case_id and one.dealer in {None, stream.dealer}}
        found = await self._find_for(stream.dealer, theirs)
        if any(one.dealer == stream.dealer and one.is_outdated(found) for one in missed):
            stream.lose(Resync.REMOVED, self.place)
            stream.push_first(await self._not_stored(stream))
        else:
            stream.push_first(self._missed(after, missed, found))

    def _missed(self, after: Offsets, missed: Sequence[LiveRecord], found: Mapping[str, LiveCase]) -> list[Event]:
        offsets = {partition: after.get(partition, 0) for partition in self.recent.offsets}
        events = []
        for record, is_last in marked(missed):
            offsets[record.partition] = record.offset + 1
            one = found.get(record.web_case_id or "")
            if one is not None and is_last:
                events.append(self._event(self._newest(one), event_id(offsets), record))
        return events

    async def _find_for(self, dealer: str, web_case_ids: Collection[str]) -> dict[str, LiveCase]:
        if not web_case_ids:
            return {}
        async with self._resuming:
            return _by_id(await self.store.find(web_case_ids, [dealer]))

    async def send(self, batch: Sequence[LiveRecord]) -> None:
        """Send the records that were read next to the streams. Raises: what the store raises; then nothing was sent."""
        found = await self._find(batch)
        # From here on nothing else runs, so streams and offsets always agree.
        now = self.clock.monotonic()
        for record, is_last in marked(batch):
            self.recent.add(record, now)
            if record.is_outdated(found):
                self._lose(record)
            one = found.get(record.web_case_id or "")
            if one is not None and is_last:
                self._publish(one, record)
        await self._notify_waiting()

    async def keep(self, batch: Sequence[LiveRecord]) -> None:
        """Keep records that were read before any stream started."""
        now = self.clock.monotonic()
        for record in batch:
            self.recent.add(record, now)
        await self._notify_waiting()

    async def _find(self, batch: Sequence[LiveRecord]) -> dict[str, LiveCase]:
        """Return the cases of the dealers that have streams, including streams that start meanwhile."""
        found: dict[str, LiveCase] = {}
        asked: set[str] = set()
        while new := self._open.keys() - asked:
            asked |= new
            named = {one.web_case_id for one in batch if one.web_case_id and (one.dealer is None or one.dealer in new)}
            if named:
                found |= _by_id(await self.store.find(named, new))
        return found

    def _publish(self, found: LiveCase, record: LiveRecord) -> None:
        streams = self._open.get(found.case.dealer)
        if streams:
            event = self._event(self._newest(found), self.place, record)
            for stream in streams:
                stream.push(event)

    def _lose(self, record: LiveRecord) -> None:
        """Make the clients of the dealer that had the case fetch again: they learn nothing else about it."""
        for stream in self._open.get(record.dealer or "", ()):
            stream.lose(Resync.REMOVED, self.place)

    async def follow_up(self) -> None:
        """Send again, once they are stored, the cases that were sent before their state was stored.

        A client may answer an event with a GET. If that came too early, no other event might ever follow. Raises: what
        the store raises.
        """
        now = self.clock.monotonic()
        if now < self._followed_up_at + _FOLLOW_UP_SECONDS:
            return
        asked = dict(
            islice(((one, unstored) for one, unstored in self._ahead.items() if unstored.ask_at <= now), _MOST_UNSTORED)
        )
        if not asked:
            return
        self._followed_up_at = now
        for one in asked:
            del self._ahead[one]
        try:
            found = await self.store.find(asked, list(self._open))
        except BaseException:
            self._ahead = asked | self._ahead
            raise
        for live in found:
            self._follow_up(live, asked[live.case.web_case_id].wait_seconds)

    def _follow_up(self, found: LiveCase, waited_seconds: float) -> None:
        """Send the case if it is stored by now; else check again, but not forever: it may never be stored."""
        if found.has_news:
            # A stream that has started meanwhile may have added it again.
            if waited_seconds < _LONGEST_WAIT_SECONDS:
                self._ahead.setdefault(found.case.web_case_id, self._ask_again_in(2 * waited_seconds))
            return
        event = Event(self.place, self.encode(found.case, self.place), self.clock.now().timestamp())
        for stream in self._open.get(found.case.dealer, ()):
            stream.push(event)

    def _ask_again_in(self, wait_seconds: float) -> _Unstored:
        return _Unstored(self.clock.monotonic() + wait_seconds, wait_seconds)

    def _newest(self, found: LiveCase) -> Case:
        """Return the case as it will be stored; if that is still to come, it is sent again then."""
        if found.has_news:
            self._ahead[found.case.web_case_id] = self._ask_again_in(_FOLLOW_UP_SECONDS)
        return with_delivery(found)

    def _event(self, case: Case, place: str, record: LiveRecord) -> Event:
        return Event(place, self.encode(case, place), record.written_at)

    async def _notify_waiting(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    def interrupt(self) -> None:
        """Make every client fetch again: some records could not be sent."""
        for streams in self._open.values():
            for stream in streams:
                stream.lose(Resync.INTERRUPTED, self.place)

    async def end_with(self, stopping: asyncio.Event) -> None:
        """End every stream when the service stops: their clients go on with another replica."""
        await stopping.wait()
        self._ended = True
        for streams in self._open.values():
            for stream in streams:
                stream.end()
        await self._notify_waiting()


def _by_id(cases: Sequence[LiveCase]) -> dict[str, LiveCase]:
    return {one.case.web_case_id: one for one in cases}
