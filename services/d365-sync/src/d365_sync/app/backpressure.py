"""Protect D365 from overload and the queue from dead letters: breaker, concurrency, and the pauses D365 asks for."""

from dataclasses import dataclass, field

import structlog
from prometheus_client import Gauge

from case_shared.d365.errors import D365Error, D365Throttled
from case_shared.process.clock import Clock
from d365_sync.app.ports import D365, DeliveryControl
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.breaker import Breaker, BreakerState
from d365_sync.domain.concurrency import Concurrency
from d365_sync.domain.decision import Decision, Health

log = structlog.get_logger(__name__)
_open = Gauge(
    "d365_sync_breaker_open", "1 while the circuit breaker is open and nothing is sent to D365; 0.5 during a probe"
)
_limit = Gauge("d365_sync_concurrency_limit", "The number of parallel calls that D365 can handle, as estimated")
_SHOWN = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 0.5, BreakerState.OPEN: 1.0}
FAST_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 30.0


@dataclass
class Backpressure:
    """Learns from each answer whether documents may be sent, and how many at once."""

    d365: D365
    control: DeliveryControl
    clock: Clock
    breaker: Breaker
    concurrency: Concurrency
    timeout_seconds: float
    backoff: Backoff = field(default_factory=lambda: Backoff(_LONGEST_WAIT_SECONDS))
    _refused_rounds: int = 0
    _refused_at: float = float("-inf")
    _wait_until: float = float("-inf")
    _checked: bool = False
    _seconds: float | None = None
    _stored: tuple[object, ...] = field(default=())

    def learn(self, decision: Decision, *, started: float) -> None:
        """Learn about D365 from an attempt that began at `started` (monotonic seconds)."""
        now, at, why = self.clock.monotonic(), self.clock.now(), decision.why or ""
        match decision.health:
            case Health.ANSWERED:
                self.breaker.answered()
                self._refused_rounds = 0
                self.concurrency.answered(now)
                self._seconds = (
                    (now - started) if self._seconds is None else 0.9 * self._seconds + 0.1 * (now - started)
                )
            case Health.THROTTLED:
                self.breaker.throttled(why, now=now, at=at)
                asked = decision.retry_after or 0
                self.concurrency.throttled(started=started, now=now, asked_seconds=asked)
                self._wait_until = max(self._wait_until, now + max(asked, self._own_wait(started, now)))
            case Health.FAILED:
                self.breaker.failed(why, now=now, at=at)
            case Health.MISCONFIGURED:
                log.error("d365_misconfigured", why=why)
                # Check the whole mapping before work flows again: a control read alone would let documents fail.
                self._checked = False
                self.breaker.open(why, now=now, at=at)
            case Health.SAYS_NOTHING:
                pass

    def _own_wait(self, started: float, now: float) -> float:
        """Our own wait in seconds: longer with each round of nothing but 429s; none after the first round.

        Calls under way at the same time are one round: their 429s say nothing new.
        """
        if started >= self._refused_at:
            self._refused_rounds += 1
            self._refused_at = now
        return self.backoff.seconds(self._refused_rounds - 2) if self._refused_rounds > 1 else 0.0

    def wait_seconds(self) -> float:
        """How many seconds to wait from now, as D365 asked or by our own wait; 0 if none."""
        return max(0.0, self._wait_until - self.clock.monotonic())

    @property
    def may_send(self) -> bool:
        """Whether anything may be sent now."""
        return self._checked and self.breaker.closed and not self.wait_seconds()

    @property
    def fast(self) -> bool:
        """Whether D365 answers fast enough to claim documents ahead of their turn."""
        return self._seconds is not None and self._seconds < FAST_SECONDS

    async def resume(self) -> None:
        """Restore the breaker as the last leader left it."""
        stored = await self.control.read()
        self.breaker.state, self.breaker.since = stored.breaker, stored.breaker_since
        self.breaker.reason = stored.breaker_reason

    def forget(self) -> None:
        """Clear the gauges: another process leads now, and reports them."""
        _open.set(0)
        _limit.set(0)

    async def tend(self) -> None:
        """Check the mapping before anything is sent, probe if the breaker is open, and store what changed."""
        # The probe and the preflight are reads of D365, too.
        if not self.wait_seconds():
            await self._ask()
        await self._remember()

    async def _ask(self) -> None:
        if self.breaker.probe_due(self.clock.monotonic()):
            # The database counts the interval: a leader that has just taken over does not know when the last probe was.
            if await self.control.claim_probe(self.breaker.probe_seconds):
                await self._probe()
        elif self.breaker.closed and not self._checked:
            await self._preflight()

    async def _preflight(self) -> None:
        try:
            problems = await self.d365.preflight(timeout=self.timeout_seconds)
        except D365Error as error:
            self._not_answered(error)
            return
        for problem in problems:
            log.error("mapping_does_not_fit", problem=str(problem), holds_up_delivery=problem.gates)
        if gates := [str(problem) for problem in problems if problem.gates]:
            self._open("; ".join(gates))
            return
        self._checked = True
        self.breaker.close(at=self.clock.now())

    async def _probe(self) -> None:
        self.breaker.probing()
        await self._remember()
        try:
            await self.d365.probe(timeout=self.timeout_seconds)
        except D365Error as error:
            self._not_answered(error)
            return
        if self._checked:
            self.breaker.close(at=self.clock.now())
        else:
            await self._preflight()

    def _not_answered(self, error: D365Error) -> None:
        if isinstance(error, D365Throttled):
            self._wait_until = max(self._wait_until, self.clock.monotonic() + (error.retry_after or 0.0))
        self._open(error.why)

    def _open(self, why: str) -> None:
        self.breaker.open(why, now=self.clock.monotonic(), at=self.clock.now())

    async def _remember(self) -> None:
        breaker = self.breaker
        _open.set(_SHOWN[breaker.state])
        _limit.set(self.concurrency.limit)
        shown = (breaker.state, breaker.since, breaker.reason, self.concurrency.limit)
        if shown != self._stored:
            if self._stored[:1] != shown[:1]:
                log.warning("breaker", state=breaker.state.value, reason=breaker.reason)
            await self.control.store_breaker(*shown, probe_seconds=breaker.probe_seconds)
            self._stored = shown
