"""Once a day, reads each case that has not ended, or ended lately: finds what no event and no poll has brought."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from case_shared.words.events import CaseStatus
from status_sync.domain.due_reads import CASES_PER_SECOND

log = structlog.get_logger(__name__)


class OpenCases(Protocol):
    """Where cases are made due."""

    async def make_open_cases_due(
        self, ended: Mapping[str, CaseStatus], lately: timedelta, every: timedelta, cases_per_second: float
    ) -> int | None:
        """Make each case due that dealers do not see as `ended` says, or that D365 changed less than `lately` ago.

        None if the last sweep is younger than `every`.
        """


@dataclass(frozen=True)
class Sweep:
    """Spreads the reads over time; `ended`: D365's symbols of cases that have ended, and how dealers see each."""

    due_reads: OpenCases
    ended: Mapping[str, CaseStatus]
    every: timedelta = timedelta(days=1)
    # What has just ended is reopened or deleted most; each case costs this many reads more, one a day.
    lately: timedelta = timedelta(days=7)

    async def handle(self) -> None:
        """Sweep if it is time to."""
        made_due = await self.due_reads.make_open_cases_due(self.ended, self.lately, self.every, CASES_PER_SECOND)
        if made_due is not None:
            log.info("sweep_begun", cases=made_due)
