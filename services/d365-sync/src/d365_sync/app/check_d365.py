"""Run the read-only part of the D365 check: at startup, daily, and every few minutes while a step fails."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from case_shared.d365.check.report import Proof, Report, State
from case_shared.d365.check.target import Asked, ReceivedEvents
from case_shared.process.clock import Clock

log = structlog.get_logger(__name__)
DAILY_SECONDS = 86_400.0
_WHILE_FAILED_SECONDS = 300.0
# Replicas that start one after another, and new leaders, do not each need a check.
_FRESH_SECONDS = 60.0


class LastCheck(NamedTuple):
    """How long ago the last check was, and whether no step failed."""

    age_seconds: float
    ok: bool


class Checks(Protocol):
    """Stores results, and provides what a check must know beforehand."""

    async def last(self) -> LastCheck | None: ...
    async def proof(self) -> Proof | None: ...
    async def dealer_companies(self) -> frozenset[str]: ...
    async def received(self) -> ReceivedEvents: ...
    async def store(self, report: Report) -> None: ...


@dataclass
class CheckD365:
    """Runs `check` when it is due, and stores the report. Only the leader runs it."""

    checks: Checks
    check: Callable[[Asked], Awaitable[Report]]
    clock: Clock
    _has_run: bool = False
    _not_before: float = float("-inf")

    async def __call__(self) -> bool:
        """Run one turn of the loop; False: nothing more to do for now."""
        if self.clock.monotonic() < self._not_before or not self._is_due(await self.checks.last()):
            return False
        asked = Asked(
            dealer_companies=await self.checks.dealer_companies(),
            proof=await self.checks.proof(),
            received=await self.checks.received(),
        )
        # A check that ends in an unexpected error must not ask D365 again and again.
        self._not_before = self.clock.monotonic() + _WHILE_FAILED_SECONDS
        report = await self.check(asked)
        self._not_before = float("-inf")
        await self.checks.store(report)
        self._has_run = True
        for step in report.steps:
            if step.state is State.FAILED:
                log.warning("d365_check_failed", step=step.id.value, message=step.message, remedy=step.remedy)
        log.info("d365_checked", ok=report.ok)
        return False

    def _is_due(self, last: LastCheck | None) -> bool:
        if last is None:
            return True
        if not self._has_run:
            return last.age_seconds > _FRESH_SECONDS or not last.ok
        return last.age_seconds > (DAILY_SECONDS if last.ok else _WHILE_FAILED_SECONDS)
