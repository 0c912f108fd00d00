"""The documents in flight: claimed, looked up, waiting for a slot, under way."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import Gauge, Histogram

from case_shared.database.leadership import Lease
from case_shared.process.clock import Clock
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.words.errors import LeaseLost
from d365_sync.app.backpressure import Backpressure
from d365_sync.app.ports import Result
from d365_sync.app.store_outcomes import StoreOutcomes
from d365_sync.domain.decision import Decision
from d365_sync.domain.document import Claim

log = structlog.get_logger(__name__)
_under_way = Gauge("d365_sync_posts_in_flight", "POSTs in flight")
_seconds = Histogram(
    "d365_sync_d365_request_duration_seconds",
    "Time that D365 took to answer a POST",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)


@dataclass
class InFlight:
    """Sends what is ready, as many at once as D365 can take; calls `freed` when there is room again.

    Losing the lease does not cancel work under way: D365's answer is still stored, fenced by the document's own lease,
    and a late success is evidence.
    """

    deliver: Callable[[Claim], Awaitable[Result]]
    outcomes: StoreOutcomes
    backpressure: Backpressure
    clock: Clock
    timeout_seconds: float
    freed: Callable[[], None]
    lease: Lease | None = None
    looking_up: int = 0
    _ready: deque[Claim] = field(default_factory=deque)
    _posting: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many documents are in flight."""
        return self.looking_up + len(self._ready) + self._posting

    @property
    def has_more(self) -> bool:
        """Whether documents are being looked up or waiting for a slot, besides those being sent."""
        return bool(self._ready or self.looking_up)

    def take(self, claims: Sequence[Claim]) -> None:
        """Send `claims`, whose intents are stored, as slots become free."""
        self._ready.extend(claims)
        self._fill()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, even if the leader's own work is canceled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # When its documents' leases expire, they are claimed again.
            log.error("attempt_failed", error=repr(error), exc_info=error)

    def refresh(self) -> None:
        """Give back what has waited too long for a slot, or must not be sent now."""
        late = [claim for claim in self._ready if self._too_late(claim)]
        for claim in late:
            self._ready.remove(claim)
            self.outcomes.add(Result(claim, Decision.not_sent(claim=claim, why="no slot was free in time")))
        self._fill()

    async def drain(self) -> None:
        """Give back what has not begun; wait until what is under way has ended and its outcome is stored."""
        self.give_back("the service is stopping")
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self.outcomes.drain()

    def give_back(self, why: str) -> None:
        """Give back what has not begun."""
        while self._ready:
            claim = self._ready.popleft()
            self.outcomes.add(Result(claim, Decision.not_sent(claim=claim, why=why)))

    def _fill(self) -> None:
        if self._ready and not self.backpressure.may_send:
            self.give_back("nothing is sent to D365 at the moment")
        while self._ready and self._posting < self.backpressure.concurrency.limit:
            self._posting += 1
            self.start(self._post(self._ready.popleft()))

    async def _post(self, claim: Claim) -> None:
        started = self.clock.monotonic()
        _under_way.inc()
        try:
            if why := self._too_late(claim):
                result = Result(claim, Decision.not_sent(claim=claim, why=why))
            else:
                reached(FaultPoint.INTENT_STORED)
                result = await self.deliver(claim)
                _seconds.observe(self.clock.monotonic() - started)
            self.backpressure.learn(result.decision, started=started)
            self.outcomes.add(result)
        finally:
            _under_way.dec()
            self._posting -= 1
            self._fill()
            self.freed()

    def _too_late(self, claim: Claim) -> str | None:
        """Why the POST must not begin now, or None: the last check of both leases before sending."""
        if claim.expires - self.clock.monotonic() < self.timeout_seconds:
            return "the document's lease would expire before D365's answer is due"
        if self.lease is None:
            return "another process is the leader now"
        try:
            self.lease.check()
        except LeaseLost as error:
            return str(error)
        return None
