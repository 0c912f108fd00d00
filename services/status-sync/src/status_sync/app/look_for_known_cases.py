"""Is this still the D365 that we know? A few known cases are read again and again: it may have been replaced.

An environment that is refreshed from another one (a test environment from production, say) keeps its address and its
sign-in; its cases are another Casebridge's then. Neither events nor the poll need to show that: nothing was modified.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class KnownCases(Protocol):
    """Where cases are made due."""

    async def make_controls_due(self, every: timedelta) -> int | None:
        """Make a few known cases of each legal entity due; None where that is younger than `every`."""


@dataclass(frozen=True)
class LookForKnownCases:
    """Rings for them at the start and every ten minutes: a request for each legal entity."""

    cases: KnownCases
    every: timedelta = timedelta(minutes=10)

    async def handle(self) -> None:
        """Make them due; what is found instead of them is told where the reads are applied."""
        await self.cases.make_controls_due(self.every)
