"""Once a day each case that is not at an end is read by its id: what no event and no poll has brought, heals."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)


class OpenCases(Protocol):
    """Where cases are made due."""

    async def ring_open_cases(self, ended: Collection[str], every: timedelta, cases_per_second: float) -> int | None:
        """Make each case whose D365 status is not in `ended` due; None if the last sweep is younger than `every`."""


@dataclass(frozen=True)
class Sweep:
    """Spreads the reads over time, so that they hold up neither D365 nor what is due by an event.

    `ended` are D365's symbols of cases at an end.
    """

    cases: OpenCases
    ended: Collection[str]
    every: timedelta = timedelta(days=1)
    cases_per_second: float = 50

    async def handle(self) -> None:
        """Sweep if it is time to."""
        rung = await self.cases.ring_open_cases(self.ended, self.every, self.cases_per_second)
        if rung is not None:
            log.info("sweep_begun", cases=rung)
