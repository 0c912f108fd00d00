"""PostgreSQL's clock orders the reads, and a failover may bring one that is behind the one before.

Reads that the former server dated ahead of it would count as newer than all that follow, and dealers would see no
change of these cases for as long as the clocks differ.
"""

from dataclasses import dataclass
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)
_ROWS_AT_ONCE = 10_000


class Times(Protocol):
    """The times that the database keeps."""

    async def note_clock(self) -> bool:
        """Note PostgreSQL's time; return False, and note nothing, if it is behind what was noted before."""

    async def date_back_reads(self, after: str, limit: int) -> str | None:
        """Date reads ahead of the clock back to now, `limit` at most; return the last row, None if none was left."""

    async def date_back_progress(self) -> None:
        """Date what was done ahead of the clock back to now, including the time that was noted."""


@dataclass(frozen=True)
class FollowClock:
    """Looks every few seconds, because a failover need not end a lease. What was read meanwhile, the poll reads again.

    The poll's overlap of ten minutes is why: it also covers a clock that is behind by less than one look shows.
    """

    times: Times

    async def handle(self) -> None:
        """Correct the times once PostgreSQL's clock is behind itself."""
        if await self.times.note_clock():
            return
        log.warning("clock_went_back", effect="reads that PostgreSQL dated ahead of its clock count as made now")
        last: str | None = ""
        while last is not None:
            last = await self.times.date_back_reads(last, _ROWS_AT_ONCE)
        # The noted time comes last: if we die before, the next leader corrects the rest.
        await self.times.date_back_progress()
