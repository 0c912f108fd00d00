"""One comparison with D365 at a time in this process: each reads all of D365's cases, which may take half an hour."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from d365_sync.app.ledger_d365 import Comparison
from d365_sync.app.operator_actions import D365Unreachable


class Compares(Protocol):
    """Compares our books with D365's; documents that changed within `older_than_seconds` are not judged."""

    async def __call__(self, older_than_seconds: float) -> Comparison: ...


@dataclass
class OneComparison:
    """Who asks while a comparison runs gets its result: a page that gave up and asks again reads nothing twice."""

    compare: Compares
    _running: tuple[float, asyncio.Task[Comparison]] | None = None

    async def __call__(self, older_than_seconds: float) -> Comparison:
        """Compare, or wait for the comparison that runs. Raises D365Unreachable."""
        if self._running is None or self._running[1].done():
            self._running = older_than_seconds, asyncio.create_task(self.compare(older_than_seconds))
        judged, task = self._running
        if judged != older_than_seconds:
            raise D365Unreachable(
                f"A comparison of submissions older than {judged:g} s is running. Repeat this one when it has ended"
            )
        # One who stops waiting does not end it for the others.
        return await asyncio.shield(task)
