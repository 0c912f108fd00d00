"""Once a day, reads each case that has not ended by its ID, and so finds what no event and no poll has brought."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from status_sync.domain.due_reads import CASES_PER_SECOND

log = structlog.get_logger(__name__)


class OpenCases(Protocol):
    """Where cases are made due."""

    async def make_open_cases_due(
        self, ended: Collection[str], every: timedelta, cases_per_second: float
    ) -> int | None:
        """Make each case whose D365 status is not in `ended` due; None if the last sweep is younger than `every`."""


@dataclass(frozen=True)
class Sweep:
    """Spreads the reads over time; `ended` are D365's symbols of cases that have ended."""

    cases: OpenCases
    ended: Collection[str]
    every: timedelta = timedelta(days=1)

    async def handle(self) -> None:
        """Sweep if it is time to."""
        made_due = await self.cases.make_open_cases_due(self.ended, self.every, CASES_PER_SECOND)
        if made_due is not None:
            log.info("sweep_begun", cases=made_due)
