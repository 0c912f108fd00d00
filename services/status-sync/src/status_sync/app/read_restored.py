"""D365 was restored to an earlier time: reads again what had changed since then, because it went back unseen.

The poll asks for what was modified after its position, and a record that went back was modified before it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from status_sync.domain.due_reads import CASES_PER_SECOND, OVERLAP

log = structlog.get_logger(__name__)


class RestoredCases(Protocol):
    """Where cases are made due."""

    async def make_restored_due(self, overlap: timedelta, cases_per_second: float) -> int | None:
        """Make cases due that changed after a restore's time less `overlap`; None if no new one is reported."""


@dataclass(frozen=True)
class ReadRestored:
    """Spreads the reads over time, as the sweep does."""

    cases: RestoredCases

    async def handle(self) -> None:
        """Make due what a newly reported restore has changed."""
        made_due = await self.cases.make_restored_due(OVERLAP, CASES_PER_SECOND)
        if made_due is not None:
            log.info("d365_restore_followed", cases=made_due)
