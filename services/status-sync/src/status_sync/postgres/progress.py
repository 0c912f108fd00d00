"""Table sync_state: how far the reconciliation has come; and how far behind status-sync is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from case_shared.database.postgres import Connection, Pool
from status_sync.app.reconcile import Position
from status_sync.domain.due_reads import RETRIES
from status_sync.postgres.statements import Statement


class Backlog(NamedTuple):
    """What waits, and for how long; None if nothing waits or no poll has ended yet."""

    due_reads: int
    due_read_age_seconds: float | None
    poll_age_seconds: float | None
    moved: int = 0
    deleted: int = 0
    reused: int = 0
    status_unknown: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class ProgressStore:
    """The poll's position is D365's time, all other times are the database's."""

    pool: Pool

    async def poll_position(self) -> Position:
        """Return D365's modified time of the newest case applied; None before the first poll."""
        row = await self.pool.fetchrow(Statement.POLL_POSITION.text)
        return Position(**row) if row else Position(None, 0)

    async def read_begins(self) -> datetime:
        """Return the database's time now."""
        now: datetime = await self.pool.fetchval(Statement.READ_BEGINS.text)
        return now

    async def advance_poll(self, modified_at: datetime, poll_round: int) -> None:
        """Move the position on, never back, and only in this round."""
        await self.pool.execute(Statement.ADVANCE_POLL.text, modified_at, poll_round)

    async def finish_poll(self) -> None:
        """Note that a poll has ended now."""
        await self.pool.execute(Statement.FINISH_POLL.text)

    async def follow_rules(self, rules: str) -> bool:
        """Make the next poll start from the beginning if the last one read by other rules; return whether it does."""
        return bool(await self.pool.fetchval(Statement.FOLLOW_RULES.text, rules))

    async def note_clock(self) -> bool:
        """Note PostgreSQL's time; return False, and note nothing, if it is behind what was noted before."""
        return bool(await self.pool.fetchval(Statement.NOTE_CLOCK.text))

    async def date_back_reads(self, after: str, limit: int) -> str | None:
        """Date reads ahead of the clock back to now, `limit` at most; return the last row, None if none was left."""
        last: str | None = await self.pool.fetchval(Statement.DATE_BACK_READS.text, after, limit)
        return last

    async def date_back_progress(self) -> None:
        """Date what was done ahead of the clock back to now, including the time that was noted."""
        await self.pool.execute(Statement.DATE_BACK_PROGRESS.text)

    async def claim(self, connection: Connection, name: str, every: timedelta) -> bool:
        """Note that `name` is done now; False, and nothing noted, if the last time is younger than `every`."""
        return bool(await connection.fetchval(Statement.CLAIM_TURN.text, name, every))

    async def count_unknown_statuses(self, known: Collection[str], every: timedelta) -> None:
        """Count the cases whose status is not `known`, unless the last count is younger than `every`."""
        # In one transaction: a count that fails is due again at once.
        async with self.pool.acquire() as connection, connection.transaction():
            if await self.claim(connection, "statuses", every):
                await connection.execute(Statement.COUNT_UNKNOWN_STATUSES.text, known)

    async def measure(self) -> Backlog:
        """Return how far behind status-sync is."""
        row = await self.pool.fetchrow(Statement.MEASURE.text, RETRIES)
        assert row is not None
        return Backlog(**row)
