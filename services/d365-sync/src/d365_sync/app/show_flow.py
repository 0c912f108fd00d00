"""The pipeline at a glance, counted once for everybody who looks within a few seconds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from case_shared.process.clock import Clock
from d365_sync.app.ports import Control
from d365_sync.domain.flow import Concern, Minute, Now, Stage, Steering, Verdict, concerns, stages, verdict

# Many operators with the page open cost no more than one.
_FRESH_SECONDS = 4.0


class ReadsFlow(Protocol):
    """The tables, counted."""

    async def now(self) -> Now: ...
    async def history(self) -> list[Minute]: ...
    async def concerns(self) -> list[Concern]: ...


class ReadsControl(Protocol):
    """What steers delivery."""

    async def read(self) -> Control: ...


@dataclass(frozen=True, slots=True)
class Flow:
    """What GET /v1/flow returns."""

    now: Now
    verdict: Verdict
    concerns: Sequence[Concern]
    stages: Sequence[Stage]
    history: Sequence[Minute]


@dataclass
class ShowFlow:
    """Counts at most every few seconds, never twice at the same time."""

    reads: ReadsFlow
    control: ReadsControl
    clock: Clock
    _counted: tuple[float, Flow] | None = None
    _counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self) -> Flow:
        """The flow, at most a few seconds old."""
        async with self._counting:
            now = self.clock.monotonic()
            if self._counted is None or now - self._counted[0] > _FRESH_SECONDS:
                self._counted = now, await self._count()
            return self._counted[1]

    async def _count(self) -> Flow:
        now, history = await self.reads.now(), await self.reads.history()
        stored = await self.control.read()
        steering = Steering(
            breaker=stored.breaker,
            breaker_since=stored.breaker_since,
            breaker_reason=stored.breaker_reason,
            paused_at=stored.paused_at if stored.paused else None,
            window_since=stored.window_since,
            refused_url=stored.refused_url,
        )
        found = concerns(now, steering, await self.reads.concerns())
        return Flow(now, verdict(found), found, stages(now, history), history)
