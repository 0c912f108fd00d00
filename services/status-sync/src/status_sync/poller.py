"""The poller: the loops that read D365; only the leader runs them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import D365ConfigurationError, D365Error, D365Throttled, D365TransientError
from case_shared.database.leadership import Lease
from case_shared.process.clock import Clock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import Spacing, WakeUp, run_loop

log = structlog.get_logger(__name__)
_failures = Counter("casebridge_d365_read_failures_total", "Failed reads of D365", ["loop", "error"])
# Turns of the reader begin this far apart at least; what becomes due meanwhile shares a request.
_READ_SPACING_SECONDS = 0.025
_TICK_SECONDS = 0.5
_UPKEEP_SECONDS = 5.0
_SHORTEST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

Step = Callable[[], Awaitable[None]]


@dataclass
class Patience:
    """Leaves D365 alone for a while after a failure; all loops share the pause, because it is one D365.

    Failures in a row are counted per loop: a reader that has nothing to ask for does not prove that D365 is back.
    """

    clock: Clock
    _failures: dict[str, int] = field(default_factory=dict)
    _until: float = field(default=0.0)
    _asked_until: float = field(default=0.0)

    def exhausted(self) -> bool:
        """Return whether to leave D365 alone now."""
        return self.clock.monotonic() < self._until

    def asked_to_wait(self) -> bool:
        """Return whether D365 itself has asked any loop to wait until later than now."""
        return self.clock.monotonic() < self._asked_until

    def succeeded(self, loop: str) -> None:
        """Note that D365 has answered `loop`, or that it had nothing to ask."""
        self._failures[loop] = 0

    def failed(self, loop: str, error: D365Error) -> float:
        """Note a failure; return for how many seconds to leave D365 alone.

        The pause doubles each time; it is as long as D365 asks for, if that is longer. What it asked another loop for
        applies too.
        """
        now = self.clock.monotonic()
        failures = self._failures[loop] = self._failures.get(loop, 0) + 1
        longest = min(_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS * 2 ** min(failures, 10))
        retry_after = error.retry_after if isinstance(error, D365Throttled) else None
        spread = random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing
        self._asked_until = max(self._asked_until, now + (retry_after or 0.0))
        self._until = max(self._asked_until, now + longest * spread)
        return self._until - now


@dataclass
class Poller:
    """Reads due cases as they come, and runs `steps` one after the other every `poll_seconds`.

    `timeout_seconds` is that of one read of D365. A new leader calls `follow_rules` before it reads anything.
    `upkeep` needs no D365, so it goes on while that is away.
    """

    read_due_cases: Callable[[], Awaitable[bool]]
    steps: Sequence[tuple[str, Step]]
    poll_seconds: float
    timeout_seconds: float
    clock: Clock
    heartbeats: Heartbeats
    wake_up: WakeUp
    patience: Patience
    follow_rules: Step
    upkeep: Sequence[Step]

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Run both loops while the lease is valid; a read that is then under way is applied or refused by its age."""
        await self.follow_rules()
        next_poll, reading = 0.0, Spacing(_READ_SPACING_SECONDS)

        async def read() -> bool:
            await reading.wait(stopping)
            lease.check()
            return await self._patiently("reader", self._read_due)

        async def poll() -> bool:
            nonlocal next_poll
            if self.clock.monotonic() < next_poll:
                return False
            lease.check()
            if await self._patiently("poller", self.poll):
                next_poll = self.clock.monotonic() + self.poll_seconds
            return False

        async def upkeep() -> bool:
            lease.check()
            for step in self.upkeep:
                await step()
            return False

        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._loop("reader", read, stopping, self.wake_up))
            loops.create_task(self._loop("poller", poll, stopping, None))
            loops.create_task(self._loop("upkeep", upkeep, stopping, None, _UPKEEP_SECONDS))

    async def _loop(
        self,
        name: str,
        turn: Callable[[], Awaitable[bool]],
        stopping: asyncio.Event,
        wake_up: WakeUp | None,
        every_seconds: float = _TICK_SECONDS,
    ) -> None:
        await run_loop(
            name,
            turn,
            every_seconds=every_seconds,
            stopping=stopping,
            heartbeats=self.heartbeats,
            wake_up=wake_up,
            turn_seconds=60 + 2 * self.timeout_seconds,
        )

    async def _patiently(self, loop: str, turn: Callable[[], Awaitable[bool]]) -> bool:
        """Return what `turn` returns; False while D365 is left alone, and if it fails."""
        if self.patience.exhausted():
            return False
        try:
            done = await turn()
        except D365Error as error:
            seconds = self.patience.failed(loop, error)
            _failures.labels(loop, type(error).__name__).inc()
            log.warning("d365_not_read", loop=loop, error=str(error), retry_seconds=round(seconds, 1))
            return False
        self.patience.succeeded(loop)
        return done

    async def _read_due(self) -> bool:
        try:
            more = await self.read_due_cases()
        except D365Error as error:
            self.heartbeats.failed("due_reads", str(error))
            raise
        self.heartbeats.succeeded("due_reads")
        return more

    async def poll(self) -> bool:
        """Run each step; one that fails does not delay the others, and waits for the next poll.

        False if D365 asked another loop to wait before all were run.
        Raises: D365TransientError if D365 as a whole is away: it throttles us, or a second step fails.
        """
        unanswered = False
        for place, (name, step) in enumerate(self.steps):
            if self.patience.asked_to_wait():
                self._not_tried(place, "D365 has asked to wait")
                return False
            try:
                await step()
                self.heartbeats.succeeded(name)
            except D365ConfigurationError as error:
                self._failed(name, error)
                log.error("d365_refuses_read", step=name, error=str(error))
            except D365TransientError as error:
                if unanswered or isinstance(error, D365Throttled):
                    # The steps after it are not even tried, and this is why.
                    self._not_tried(place, str(error))
                    raise
                unanswered = True
                self._failed(name, error)
                log.warning("d365_step_not_read", step=name, error=str(error))
            except Exception as error:
                self._not_tried(place, type(error).__name__)
                raise
            self.heartbeats.beat("poller")
        return True

    def _not_tried(self, place: int, why: str) -> None:
        for step, _ in self.steps[place:]:
            self.heartbeats.failed(step, why)

    def _failed(self, step: str, error: D365Error) -> None:
        _failures.labels(step, type(error).__name__).inc()
        self.heartbeats.failed(step, str(error))
