"""Counts the cases whose status in D365 the mapping does not know: an alert must last as long as there are any.

A counter of what a process has seen is zero again after a restart, and what it counted before the first scrape is never
seen.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class Statuses(Protocol):
    """Where the count is kept."""

    async def count_unknown_statuses(self, known: Collection[str], every: timedelta) -> None:
        """Count the cases whose status is not `known`, unless the last count is younger than `every`."""


@dataclass(frozen=True)
class CountUnknownStatuses:
    """The count reads all cases, so it is done rarely; `known` are D365's symbols, in small letters."""

    statuses: Statuses
    known: Collection[str]
    every: timedelta = timedelta(minutes=5)

    async def handle(self) -> None:
        """Count if it is time to."""
        await self.statuses.count_unknown_statuses(self.known, self.every)
