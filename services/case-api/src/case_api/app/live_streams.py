"""The live streams of this replica: who listens, and what each listener is sent.

A record of Kafka is a doorbell: the case is read, and its document goes to the streams of its dealer. Connect first and
list then: what was stored before a stream began is in the list, what comes later in the stream.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import Gauge

from case_api.app.held_records import Heard, HeldRecords
from case_api.app.stream_queue import Event, Resync, Stream
from case_api.domain.case import Case
from case_api.domain.errors import TooManyStreams, TooManyStreamsOfDealer
from case_api.domain.event_ids import Offsets, event_id, parse_event_id
from case_api.domain.overlay import LiveCase, is_news, with_delivery
from case_shared.clock import Clock

# Another replica may have read a little further than we have.
_CATCH_UP_SECONDS = 1.0
# A delivery event is stored by its consumer within this time, a rebalance of its group included.
_STORED_SECONDS = 10.0
_MOST_UNSTORED = 1000
# So many streams are resumed at a time: the rest of the pool is for other requests.
_RESUMED_AT_ONCE = 4
_streams = Gauge("casebridge_live_streams", "Live streams that are open")


class LiveStore(Protocol):
    """Cases for the live streams."""

    async def find(self, web_case_ids: Collection[str], dealers: Collection[str]) -> list[LiveCase]:
        """Those of the cases that belong to one of the dealers, in one statement."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Streams in all and of one dealer, and how much may wait for a slow reader, in bytes."""

    streams: int
    streams_of_dealer: int
    waiting_bytes: int


@dataclass
class LiveStreams:
    """All streams of this replica; `encode` makes an event of a case and its id."""

    store: LiveStore
    encode: Callable[[Case, str], bytes]
    held: HeldRecords
    limits: Limits
    clock: Clock
    _open: dict[str, list[Stream]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _resuming: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_RESUMED_AT_ONCE))
    _progress: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ended: bool = False

    @property
    def place(self) -> str:
        """The id of the place up to which every stream was told everything."""
        return event_id(self.held.offsets)

    @asynccontextmanager
    async def opened(self, dealer: str, last_event_id: str | None) -> AsyncIterator[Stream]:
        """A stream of `dealer` for the block, from behind `last_event_id` or from now.

        Raises `TooManyStreams`, `TooManyStreamsOfDealer`, and what the store raises.
        """
        self._count(dealer)
        stream = Stream(dealer, self.limits.waiting_bytes)
        try:
            await self._begin(stream, last_event_id)
            yield stream
        finally:
            self._forget(stream)

    def _count(self, dealer: str) -> None:
        if sum(self._counts.values()) >= self.limits.streams:
            raise TooManyStreams
        if self._counts.get(dealer, 0) >= self.limits.streams_of_dealer:
            raise TooManyStreamsOfDealer
        self._counts[dealer] = self._counts.get(dealer, 0) + 1
        _streams.inc()

    def _forget(self, stream: Stream) -> None:
        _streams.dec()
        dealer = stream.dealer
        self._counts[dealer] -= 1
        if not self._counts[dealer]:
            del self._counts[dealer]
        if stream in self._open.get(dealer, ()):
            self._open[dealer].remove(stream)
            if not self._open[dealer]:
                del self._open[dealer]

    async def _begin(self, stream: Stream, last_event_id: str | None) -> None:
        after = parse_event_id(last_event_id) if last_event_id is not None else None
        if after is not None:
            await self._caught_up(after)
        # From here to the end of the registration nothing else runs: no event is missed, none comes twice.
        behind = after is None or self.held.are_behind(after)
        missed = None if after is None or behind else self.held.since(after)
        self._open.setdefault(stream.dealer, []).append(stream)
        if missed is None:
            stream.start_id = self.place
            if last_event_id is not None:
                stream.lose(Resync.UNKNOWN_ID if behind else Resync.TOO_OLD, stream.start_id)
            stream.push_first(await self._not_stored(stream))
        else:
            assert after is not None
            stream.push_first(await self._missed(stream.dealer, after, missed))
        if self._ended:
            stream.end()

    async def _caught_up(self, after: Offsets) -> None:
        """Wait until we have read as far as `after`, but not long."""
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS), self._progress:
                await self._progress.wait_for(lambda: self._ended or not self.held.are_behind(after))
        except TimeoutError:
            pass

    async def _not_stored(self, stream: Stream) -> list[Event]:
        """The newest delivery events that the list does not show yet: nobody would tell them to this stream again."""
        place, now = self.place, self.clock.monotonic()
        recent = self.held.recent_deliveries(now - _STORED_SECONDS, _MOST_UNSTORED)
        found = await self._find_for(stream.dealer, recent)
        written_at = self.clock.now().timestamp()
        return [
            Event(place, self.encode(with_delivery(one, told), place), written_at)
            for web_case_id, one in found.items()
            if is_news(one, told := self.held.delivery(web_case_id))
        ]

    async def _missed(self, dealer: str, after: Offsets, missed: Sequence[Heard]) -> list[Event]:
        """What a stream of `dealer` missed since `after`, each case once."""
        offsets = {partition: after.get(partition, 0) for partition in self.held.offsets}
        theirs = {one.web_case_id for one in missed if one.web_case_id and one.dealer in {None, dealer}}
        found = await self._find_for(dealer, theirs)
        events = []
        for heard, is_last in _marked(missed):
            offsets[heard.partition] = heard.offset + 1
            one = found.get(heard.web_case_id or "")
            if one is not None and is_last:
                case = with_delivery(one, self.held.delivery(one.case.web_case_id))
                events.append(self._event(case, event_id(offsets), heard))
        return events

    async def _find_for(self, dealer: str, web_case_ids: Collection[str]) -> dict[str, LiveCase]:
        if not web_case_ids:
            return {}
        async with self._resuming:
            return _by_id(await self.store.find(web_case_ids, [dealer]))

    async def tell(self, batch: Sequence[Heard]) -> None:
        """Tell the streams of the records that were read next. Raises what the store raises; then nothing was told."""
        found = await self._find(batch)
        # From here on nothing else runs: streams and offsets agree at any time.
        now = self.clock.monotonic()
        for heard, is_last in _marked(batch):
            self.held.add(heard, now)
            one = found.get(heard.web_case_id or "")
            if one is not None and is_last:
                self._publish(one, heard)
        await self._tell_progress()

    async def hold(self, batch: Sequence[Heard]) -> None:
        """Hold records that were read before any stream began."""
        now = self.clock.monotonic()
        for heard in batch:
            self.held.add(heard, now)
        await self._tell_progress()

    async def _find(self, batch: Sequence[Heard]) -> dict[str, LiveCase]:
        """The cases of the dealers that have streams; those of streams that begin meanwhile too."""
        found: dict[str, LiveCase] = {}
        asked: set[str] = set()
        while new := self._open.keys() - asked:
            asked |= new
            named = {one.web_case_id for one in batch if one.web_case_id and (one.dealer is None or one.dealer in new)}
            if named:
                found |= _by_id(await self.store.find(named, new))
        return found

    def _publish(self, found: LiveCase, heard: Heard) -> None:
        streams = self._open.get(found.case.dealer)
        if streams:
            case = with_delivery(found, self.held.delivery(found.case.web_case_id))
            event = self._event(case, self.place, heard)
            for stream in streams:
                stream.push(event)

    def _event(self, case: Case, place: str, heard: Heard) -> Event:
        return Event(place, self.encode(case, place), heard.written_at)

    async def _tell_progress(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    def interrupt(self) -> None:
        """Some records cannot be told: every client fetches anew."""
        for streams in self._open.values():
            for stream in streams:
                stream.lose(Resync.INTERRUPTED, self.place)

    async def end_with(self, stopping: asyncio.Event) -> None:
        """End every stream when the service stops: their clients go on at another replica."""
        await stopping.wait()
        self._ended = True
        for streams in self._open.values():
            for stream in streams:
                stream.end()
        await self._tell_progress()


def _marked(batch: Sequence[Heard]) -> list[tuple[Heard, bool]]:
    """Each record, and whether it is the last one of its case here: a case is sent once."""
    last: Mapping[str | None, int] = {one.web_case_id: place for place, one in enumerate(batch)}
    return [(one, last[one.web_case_id] == place) for place, one in enumerate(batch)]


def _by_id(cases: Sequence[LiveCase]) -> dict[str, LiveCase]:
    return {one.case.web_case_id: one for one in cases}
