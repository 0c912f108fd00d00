"""The dispatcher: the one leader that claims documents and has them looked up, sent and published.

Each loop's turn is short; what takes as long as D365 does runs beside, in `Hands`.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Gauge

from case_shared.fault_points import FaultPoint, reached
from case_shared.health import Heartbeats
from case_shared.leadership import Lease
from case_shared.loops import Doorbell, run_loop
from d365_sync.app.bells import Bells
from d365_sync.app.guard_d365 import GuardD365
from d365_sync.app.hands import Hands
from d365_sync.app.log_failures import LogFailures
from d365_sync.app.ports import DeliveryControl, Documents, Leader, Result
from d365_sync.app.publish_deliveries import PublishDeliveries
from d365_sync.app.read_back import LookUp
from d365_sync.domain.document import AttemptKind, Claim
from d365_sync.domain.outcomes import not_cleared

log = structlog.get_logger(__name__)
LEASE_NAME = "dispatcher"
# A document's lease covers one attempt: the time-out, and this for the way to the socket and back.
LEASE_MARGIN_SECONDS = 5.0
_POLL_SECONDS = 0.25
_TEND_SECONDS = 0.5
_PUBLISH_PAUSE_SECONDS = 0.025
_LOOK_UP_BATCH = 100
_MAX_LOOK_UPS = 4
_refused = Gauge("d365_sync_environment_refused", "1 where D365_URL is not the environment of this database")


@dataclass
class Dispatcher:
    """Runs while this process leads; `d365_url` is the environment that the database must belong to."""

    documents: Documents
    control: DeliveryControl
    guard: GuardD365
    hands: Hands
    look_up: LookUp
    publish: PublishDeliveries
    log_failures: LogFailures | None
    bells: Bells
    heartbeats: Heartbeats
    d365_url: str
    settle_seconds: float
    timeout_seconds: float
    _leader: Leader = field(default=Leader(LEASE_NAME, 0))
    _after_dealer: str = ""
    _claimed_this_time_round: bool = False
    # Legal entities that are asked about documents of unknown outcome: one request for each at a time.
    _verifying: set[str] = field(default_factory=set)
    _looked_up_last: bool = False
    _environment_fits: bool = False

    @property
    def _lease_seconds(self) -> float:
        return self.timeout_seconds + LEASE_MARGIN_SECONDS

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, or until cancelled because the lease was lost."""
        self._leader = Leader(lease.name, lease.token)
        self.hands.lease = lease
        await self.guard.resume()
        loops: dict[str, tuple[Callable[[], Awaitable[bool]], float, Doorbell]] = {
            "tend": (self.tend, _TEND_SECONDS, Doorbell()),
            "deliver": (self.deliver, _POLL_SECONDS, self.bells.deliver),
            "verify": (self.verify, _POLL_SECONDS, self.bells.verify),
            "publish": (self._publish, _POLL_SECONDS, self.bells.publish),
        }
        if self.log_failures:
            loops["log_failures"] = (self._log_failures, 2.0, Doorbell())
        try:
            async with asyncio.TaskGroup() as group:
                for name, (turn, seconds, bell) in loops.items():
                    group.create_task(
                        run_loop(
                            name,
                            turn,
                            every_seconds=seconds,
                            stopping=stopping,
                            heartbeats=self.heartbeats,
                            doorbell=bell,
                            # The breaker's probe and the preflight ask D365 several times in a turn.
                            turn_seconds=60 + 8 * self.timeout_seconds,
                        )
                    )
        finally:
            self.hands.lease = None
            for name in loops:
                self.heartbeats.forget(name)

    async def tend(self) -> bool:
        """What must be right before anything is claimed: environment, mapping, breaker; and leases left behind."""
        await self._check_environment()
        if await self.documents.expire_leases(settle_seconds=self.settle_seconds):
            self.bells.verify.ring()
        self.hands.refresh()
        if self._environment_fits:
            sent_before = self.guard.sends
            await self.guard.tend()
            if self.guard.sends and not sent_before:
                self.bells.taken_in()
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
        """Claim documents and have them sent; True where there may be more and room for them."""
        room = self._room()
        if not room or not self._environment_fits or not self.guard.sends:
            return False
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
        self._send_or_look_up(taken.claims)
        if not taken.around:
            return True
        more, self._claimed_this_time_round = self._claimed_this_time_round, False
        return more

    async def verify(self) -> bool:
        """Claim documents whose look-up is due and have them looked up."""
        if not self._environment_fits or not self.guard.sends or len(self._verifying) >= _MAX_LOOK_UPS:
            return False
        claims = await self.documents.claim_to_verify(
            self._leader, limit=_LOOK_UP_BATCH, lease_seconds=self._lease_seconds * 2, busy=self._verifying
        )
        if claims:
            place = claims[0].case.data_area_id
            self._verifying.add(place)
            self._begin_look_up(claims, lambda: self._verifying.discard(place))
        return bool(claims)

    async def _publish(self) -> bool:
        if await self.publish():
            return True
        # What comes within a moment goes out together: two statements a batch, however busy it is.
        await asyncio.sleep(_PUBLISH_PAUSE_SECONDS)
        return False

    async def _log_failures(self) -> bool:
        return self.guard.sends and self.log_failures is not None and await self.log_failures()

    def _room(self) -> int:
        """How many documents to claim now; few are not worth a statement."""
        limit = self.guard.concurrency.limit
        room = max(0, limit + self._ahead() - self.hands.holding)
        return room if room >= limit // 4 + self._reserve() or not self.hands.has_more else 0

    def _per_dealer(self) -> int:
        """How many documents of one dealer may be claimed at once; answered ones count until they are stored."""
        at_work = max(1, self.guard.concurrency.limit - self._reserve()) + self._ahead()
        return at_work + self.hands.outcomes.waiting

    def _reserve(self) -> int:
        """The slots that one dealer alone does not get."""
        return max(1, self.guard.concurrency.limit // 10)

    def _ahead(self) -> int:
        """How many documents to have ready, so that no slot waits for a claim or a look-up: none where D365 is slow."""
        if self.guard.fast and self._looked_up_last:
            return self.guard.concurrency.limit
        return (
            math.ceil(self.guard.concurrency.limit / 2) if self.guard.fast and self.guard.concurrency.limit > 1 else 0
        )

    def _send_or_look_up(self, claims: Sequence[Claim]) -> None:
        to_look_up = [claim for claim in claims if claim.kind is AttemptKind.READ_BACK]
        self._looked_up_last = bool(to_look_up)
        self.hands.take([claim for claim in claims if claim.kind is AttemptKind.CREATE])
        self._look_up_all(to_look_up)

    def _look_up_all(self, claims: Sequence[Claim]) -> None:
        places: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            places[claim.case.data_area_id].append(claim)
        for place in places.values():
            self._begin_look_up(place, lambda: None)

    def _begin_look_up(self, claims: Sequence[Claim], ended: Callable[[], None]) -> None:
        self.hands.reading += len(claims)
        self.hands.start(self._look_up(claims, self._leader, ended))

    async def _look_up(self, claims: Sequence[Claim], leader: Leader, ended: Callable[[], None]) -> None:
        started = self.guard.clock.monotonic()
        try:
            results = await self.look_up(claims)
            self.guard.learn(results[0].decision, started=started)
            for result in results:
                if not result.decision.post_now:
                    self.hands.outcomes.add(result)
            cleared = [result for result in results if result.decision.post_now]
            await self._post_cleared(cleared, leader)
        finally:
            self.hands.reading -= len(claims)
            ended()
            self.bells.deliver.ring()
            self.bells.verify.ring()

    async def _post_cleared(self, cleared: Sequence[Result], leader: Leader) -> None:
        if not cleared:
            return
        claims = [
            replace(result.claim, cause=result.decision.cause, detail=result.decision.detail) for result in cleared
        ]
        begun = await self.documents.begin_posts(leader, claims, lease_seconds=self._lease_seconds)
        self.hands.take(begun)
        posting = {claim.id for claim in begun}
        for claim in claims:
            if claim.id not in posting:
                # Fenced: where the lease was lost, this changes nothing.
                self.hands.outcomes.add(Result(claim, not_cleared(claim)))
