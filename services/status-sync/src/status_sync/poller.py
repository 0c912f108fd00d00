"""The poller: the loops that read D365, run by the leader alone."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from case_shared.clock import Clock
from case_shared.d365.errors import D365ConfigurationError, D365Error, D365Throttled
from case_shared.health import Heartbeats
from case_shared.leadership import Lease
from case_shared.loops import Doorbell, pause, run_loop

log = structlog.get_logger(__name__)
_failures = Counter("casebridge_d365_read_failures_total", "Reads of D365 that failed", ["loop", "error"])
# What rings within this time shares a request.
_GATHER_SECONDS = 0.1
_TICK_SECONDS = 0.5
_SHORTEST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

Step = Callable[[], Awaitable[None]]


@dataclass
class Patience:
    """Leaves D365 alone for a while after a failure; all loops share it, for it is one D365."""

    clock: Clock
    _failures: int = 0
    _until: float = field(default=0.0)

    def exhausted(self) -> bool:
        """Whether D365 is to be left alone now."""
        return self.clock.monotonic() < self._until

    def succeeded(self) -> None:
        """D365 has answered."""
        self._failures = 0

    def failed(self, error: D365Error) -> float:
        """Note a failure; returns for how many seconds D365 is left alone: as it says, or twice as long each time."""
        self._failures += 1
        longest = min(_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS * 2 ** min(self._failures, 10))
        told = error.retry_after if isinstance(error, D365Throttled) else None
        seconds = told if told is not None else longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing
        self._until = self.clock.monotonic() + seconds
        return seconds


@dataclass
class Poller:
    """Reads what is due as it comes, and polls every `poll_seconds`: `steps` one after the other."""

    read_due_cases: Callable[[], Awaitable[bool]]
    steps: Sequence[tuple[str, Step]]
    poll_seconds: float
    clock: Clock
    heartbeats: Heartbeats
    doorbell: Doorbell
    patience: Patience

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Run both loops while the lease holds; what was under way at its end is applied or refused by its age."""
        next_poll = 0.0

        async def read() -> bool:
            await pause(_GATHER_SECONDS, stopping)
            lease.check()
            return await self._patiently("reader", self.read_due_cases)

        async def poll() -> bool:
            nonlocal next_poll
            if self.clock.monotonic() < next_poll:
                return False
            lease.check()
            if await self._patiently("poller", self._poll):
                next_poll = self.clock.monotonic() + self.poll_seconds
            return False

        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._loop("reader", read, stopping, self.doorbell))
            loops.create_task(self._loop("poller", poll, stopping, None))

    async def _loop(
        self, name: str, turn: Callable[[], Awaitable[bool]], stopping: asyncio.Event, doorbell: Doorbell | None
    ) -> None:
        await run_loop(
            name, turn, every_seconds=_TICK_SECONDS, stopping=stopping, heartbeats=self.heartbeats, doorbell=doorbell
        )

    async def _patiently(self, loop: str, turn: Callable[[], Awaitable[bool]]) -> bool:
        """What `turn` returns; False while D365 is to be left alone, and where it fails."""
        if self.patience.exhausted():
            return False
        try:
            done = await turn()
        except D365Error as error:
            seconds = self.patience.failed(error)
            _failures.labels(loop, type(error).__name__).inc()
            log.warning("d365_not_read", loop=loop, error=str(error), retry_seconds=round(seconds, 1))
            return False
        self.patience.succeeded()
        return done

    async def _poll(self) -> bool:
        """Run each step; one that D365 refuses by its configuration does not hold the others up."""
        for name, step in self.steps:
            try:
                await step()
            except D365ConfigurationError as error:
                _failures.labels(name, type(error).__name__).inc()
                log.error("d365_refuses_read", step=name, error=str(error))
        return True
