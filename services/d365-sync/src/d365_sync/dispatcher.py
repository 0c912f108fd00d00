"""The dispatcher: the one leader that claims documents and has them looked up, sent and published.

Each loop's turn is short; what waits for D365 runs separately, in `InFlight`.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Gauge

from case_shared.database.leadership import Lease
from case_shared.kafka.outbox import OutboxPublisher
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import Spacing, WakeUp, run_loop
from case_shared.process.tracing import record, working_on
from d365_sync.app.backpressure import Backpressure
from d365_sync.app.compare_stored import CompareStored
from d365_sync.app.in_flight import InFlight
from d365_sync.app.log_failures import LogFailures
from d365_sync.app.look_up import LookUp
from d365_sync.app.ports import DeliveryControl, Documents, Leader, Result
from d365_sync.app.wake_ups import WakeUps
from d365_sync.domain.document import AttemptKind, Claim
from d365_sync.domain.look_ups import not_cleared

log = structlog.get_logger(__name__)
LEASE_NAME = "dispatcher"
# A document's lease covers one attempt: the timeout, plus this for what happens before and after the call.
LEASE_MARGIN_SECONDS = 5.0
_POLL_SECONDS = 0.25
_COMPARE_SECONDS = 1.0
# A join of all documents; what it finds is rare, and waits for nobody.
_UNHEARD_SECONDS, _UNHEARD_AT_ONCE = 600.0, 1000
_TEND_SECONDS = 0.5
# What arrives within this time goes out together: a batch costs two statements, whatever its size.
_PUBLISH_SPACING_SECONDS = 0.025
_LOOK_UP_BATCH = 100
_SECOND_CASES = 100
_MAX_LOOK_UPS = 4
_refused = Gauge("d365_sync_environment_refused", "1 if D365_URL is not the environment that the database belongs to")


@dataclass
class Dispatcher:
    """Runs while this process leads; `d365_url` is the environment that the database must belong to."""

    documents: Documents
    control: DeliveryControl
    backpressure: Backpressure
    in_flight: InFlight
    look_up: LookUp
    publisher: OutboxPublisher
    log_failures: LogFailures | None
    compare_stored: CompareStored
    wake_ups: WakeUps
    heartbeats: Heartbeats
    d365_url: str
    settle_seconds: float
    timeout_seconds: float
    _leader: Leader = field(default=Leader(LEASE_NAME, 0))
    _after_dealer: str = ""
    _claimed_this_time_round: bool = False
    # Legal entities with a look-up of unknown outcomes under way: one request at a time for each.
    _looking_up: set[str] = field(default_factory=set)
    _looked_up_last: bool = False
    _environment_fits: bool = False
    _publishing: Spacing = field(default_factory=lambda: Spacing(_PUBLISH_SPACING_SECONDS))

    @property
    def _lease_seconds(self) -> float:
        return self.timeout_seconds + LEASE_MARGIN_SECONDS

    @property
    def turn_seconds(self) -> float:
        """How long a turn may take that asks D365 several times, as the breaker's probe or a restore does."""
        return 60 + 8 * self.timeout_seconds

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, or until canceled because the lease was lost."""
        self._leader = Leader(lease.name, lease.token)
        self.in_flight.lease = lease
        await self.backpressure.resume()
        loops: dict[str, tuple[Callable[[], Awaitable[bool]], float, WakeUp]] = {
            "tend": (self.tend, _TEND_SECONDS, WakeUp()),
            "deliver": (self.deliver, _POLL_SECONDS, self.wake_ups.deliver),
            "verify": (self.look_up_due, _POLL_SECONDS, self.wake_ups.look_up),
            "publish": (lambda: self._publish(lease), _POLL_SECONDS, self.wake_ups.publish),
            "compare": (self._compare_stored, _COMPARE_SECONDS, WakeUp()),
            "unheard": (self._publish_unheard, _UNHEARD_SECONDS, WakeUp()),
        }
        if self.log_failures:
            loops["log_failures"] = (self._log_failures, 2.0, WakeUp())
        try:
            async with asyncio.TaskGroup() as group:
                for name, (turn, seconds, wake_up) in loops.items():
                    group.create_task(
                        run_loop(
                            name,
                            turn,
                            every_seconds=seconds,
                            stopping=stopping,
                            heartbeats=self.heartbeats,
                            wake_up=wake_up,
                            turn_seconds=self.turn_seconds,
                        )
                    )
        finally:
            self.in_flight.lease = None
            self.backpressure.forget()
            _refused.set(0)
            for name in loops:
                self.heartbeats.forget(name)

    async def tend(self) -> bool:
        """Check what must be right before anything is claimed: environment, mapping, breaker; expire old leases."""
        await self._check_environment()
        if await self.documents.expire_leases(settle_seconds=self.settle_seconds):
            self.wake_ups.look_up.wake()
        for second in await self.documents.second_cases(_SECOND_CASES):
            await self.documents.note_second_case(second)
        self.in_flight.refresh()
        if self._environment_fits:
            sent_before = self.backpressure.may_send
            await self.backpressure.tend()
            if self.backpressure.may_send and not sent_before:
                self.wake_ups.taken_in()
        return False

    async def _check_environment(self) -> None:
        stored = await self.control.read()
        belongs, refused = stored.d365_url, stored.refused_url
        if belongs != self.d365_url or refused is not None:
            belongs = await self.control.claim_environment(self.d365_url)
        if belongs != self.d365_url and refused != self.d365_url:
            log.error("environment_refused", d365_url=self.d365_url, database_belongs_to=belongs)
        self._environment_fits = belongs == self.d365_url
        _refused.set(not self._environment_fits)

    async def deliver(self) -> bool:
        """Claim documents and have them sent; True if there may be more, and room for them."""
        room = self._room()
        if not room or not self._environment_fits or not self.backpressure.may_send:
            return False
        began = time.time_ns()
        taken = await self.documents.claim_to_deliver(
            self._leader,
            limit=room,
            per_dealer=self._per_dealer(),
            after_dealer=self._after_dealer,
            lease_seconds=self._lease_seconds,
        )
        self._after_dealer = taken.next_after
        self._claimed_this_time_round |= bool(taken.claims)
        if taken.claims:
            reached(FaultPoint.DOCUMENTS_CLAIMED)
        for claim in taken.claims:
            record("claim", claim.traceparent, began)
        self._send_or_look_up(taken.claims)
        if not taken.around:
            return True
        more, self._claimed_this_time_round = self._claimed_this_time_round, False
        return more

    async def look_up_due(self) -> bool:
        """Claim documents whose look-up is due and have them looked up."""
        if not self._environment_fits or not self.backpressure.may_send or len(self._looking_up) >= _MAX_LOOK_UPS:
            return False
        began = time.time_ns()
        claims = await self.documents.claim_to_look_up(
            self._leader, limit=_LOOK_UP_BATCH, lease_seconds=self._lease_seconds * 2, busy=self._looking_up
        )
        for claim in claims:
            record("claim", claim.traceparent, began)
        if claims:
            place = claims[0].case.data_area_id
            self._looking_up.add(place)
            self._begin_look_up(claims, lambda: self._looking_up.discard(place))
        return bool(claims)

    async def _publish(self, lease: Lease) -> bool:
        await self._publishing.wait()
        return await self.publisher.turn(lease)

    async def _publish_unheard(self) -> bool:
        found = await self.documents.publish_unheard(_UNHEARD_AT_ONCE)
        if found:
            log.warning("deliveries_published_again", documents=found, reason="case-api has not read them")
        return found == _UNHEARD_AT_ONCE

    async def _compare_stored(self) -> bool:
        return self._environment_fits and self.backpressure.may_send and await self.compare_stored()

    async def _log_failures(self) -> bool:
        return self.backpressure.may_send and self.log_failures is not None and await self.log_failures()

    def _room(self) -> int:
        """How many documents to claim now; a few are not worth a statement."""
        limit = self.backpressure.concurrency.limit
        room = max(0, limit + self._ahead() - self.in_flight.count)
        return room if room >= limit // 4 + self._reserve() or not self.in_flight.has_more else 0

    def _per_dealer(self) -> int:
        """How many documents of one dealer may be claimed at once; answered ones count until they are stored."""
        at_work = max(1, self.backpressure.concurrency.limit - self._reserve()) + self._ahead()
        return at_work + self.in_flight.outcomes.waiting

    def _reserve(self) -> int:
        """The slots that a single dealer never gets."""
        return max(1, self.backpressure.concurrency.limit // 10)

    def _ahead(self) -> int:
        """How many documents to have ready, so that no slot waits for a claim or a look-up; none if D365 is slow."""
        if self.backpressure.fast and self._looked_up_last:
            return self.backpressure.concurrency.limit
        return (
            math.ceil(self.backpressure.concurrency.limit / 2)
            if self.backpressure.fast and self.backpressure.concurrency.limit > 1
            else 0
        )

    def _send_or_look_up(self, claims: Sequence[Claim]) -> None:
        to_look_up = [claim for claim in claims if claim.kind is AttemptKind.LOOK_UP]
        self._looked_up_last = bool(to_look_up)
        self.in_flight.take([claim for claim in claims if claim.kind is AttemptKind.CREATE])
        self._look_up_all(to_look_up)

    def _look_up_all(self, claims: Sequence[Claim]) -> None:
        places: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            places[claim.case.data_area_id].append(claim)
        for place in places.values():
            self._begin_look_up(place, lambda: None)

    def _begin_look_up(self, claims: Sequence[Claim], ended: Callable[[], None]) -> None:
        self.in_flight.looking_up += len(claims)
        self.in_flight.start(self._look_up(claims, self._leader, ended))

    async def _look_up(self, claims: Sequence[Claim], leader: Leader, ended: Callable[[], None]) -> None:
        started = self.backpressure.clock.monotonic()
        try:
            with working_on("look up", [claim.traceparent for claim in claims]):
                results = await self.look_up(claims)
            # A look-up that failed in the middle has results of both kinds: first what D365 answered.
            for decision in {one.decision.health: one.decision for one in results}.values():
                self.backpressure.learn(decision, started=started)
            for result in results:
                if not result.decision.post_now:
                    self.in_flight.outcomes.add(result)
            cleared = [result for result in results if result.decision.post_now]
            await self._post_cleared(cleared, leader)
        finally:
            self.in_flight.looking_up -= len(claims)
            ended()
            self.wake_ups.deliver.wake()
            self.wake_ups.look_up.wake()

    async def _post_cleared(self, cleared: Sequence[Result], leader: Leader) -> None:
        if not cleared:
            return
        claims = [
            replace(result.claim, cause=result.decision.cause, detail=result.decision.detail) for result in cleared
        ]
        begun = await self.documents.begin_posts(
            leader,
            claims,
            lease_seconds=self._lease_seconds,
            support={result.claim.id: result.support for result in cleared},
        )
        self.in_flight.take(begun)
        posting = {claim.id for claim in begun}
        for claim in claims:
            if claim.id not in posting:
                # Fenced: if the lease was lost, this changes nothing.
                self.in_flight.outcomes.add(Result(claim, not_cleared(claim)))
