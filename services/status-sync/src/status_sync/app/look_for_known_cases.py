"""Is this still the D365 that we know? It may have been replaced, so a few known cases are read again and again.

An environment that is refreshed from another one (a test environment from production, say) keeps its address and its
sign-in, but has another Casebridge's cases. Neither events nor the poll need to show that: nothing was modified.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class KnownCases(Protocol):
    """Where cases are made due."""

    async def make_controls_due(self, every: timedelta) -> int | None:
        """Make a few known cases of each legal entity due; None if the last time is younger than `every`."""


@dataclass(frozen=True)
class LookForKnownCases:
    """Makes them due at the start and every ten minutes: one request per legal entity."""

    cases: KnownCases
    every: timedelta = timedelta(minutes=10)

    async def handle(self) -> None:
        """Make them due; applying the reads reports what is found instead of them."""
        await self.cases.make_controls_due(self.every)
