"""What is kept only for a configured time, and how it is removed: in small batches, by one leader, blocking nobody."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from case_shared.database.leadership import Lease
from case_shared.database.postgres import Pool
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import pause, run_loop

log = structlog.get_logger(__name__)
LEASE_NAME = "retention"
_DAY_SECONDS = 86_400
_removed = Counter(
    "casebridge_retention_removed_total", "Rows emptied or deleted because their retention time is over", ["what"]
)


@dataclass(frozen=True)
class Rule:
    """`statement` empties or deletes a batch of rows that have been finished for longer than $1 seconds.

    It takes the oldest first by an index, skips locked rows, and returns how many rows it took.
    """

    what: str
    statement: str
    days: float


@dataclass(frozen=True)
class Retention:
    """Applies `rules` from time to time, each batch in its own transaction, with a pause between batches."""

    pool: Pool
    rules: Sequence[Rule]
    heartbeats: Heartbeats
    every_seconds: float
    pause_seconds: float = 0.2

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Run while this process leads."""

        async def turn() -> bool:
            await self.apply(lease, stopping)
            return False

        await run_loop(
            LEASE_NAME, turn, every_seconds=self.every_seconds, stopping=stopping, heartbeats=self.heartbeats
        )

    async def apply(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Apply each rule until it finds nothing more. Raises: `LeaseLost`, and what the database raises."""
        for rule in self.rules:
            total = 0
            while not stopping.is_set():
                lease.check()
                taken = await self.pool.fetchval(rule.statement, rule.days * _DAY_SECONDS)
                if not taken:
                    break
                _removed.labels(rule.what).inc(taken)
                total += taken
                self.heartbeats.beat(LEASE_NAME)
                await pause(self.pause_seconds, stopping)
            if total:
                log.info("retention_applied", what=rule.what, rows=total, older_than_days=rule.days)
