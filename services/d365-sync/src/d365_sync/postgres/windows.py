"""Maintenance windows in PostgreSQL: the statements that claim documents check them, whoever leads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from case_shared.database.postgres import Pool
from case_shared.words.actor import Actor
from d365_sync.postgres.statements import Statement

_MOST = 100


@dataclass(frozen=True)
class PostgresWindows:
    """Each change is one statement, with its audit entry."""

    pool: Pool

    async def add(self, begins_at: datetime | None, ends_at: datetime, actor: Actor, reason: str) -> None:
        """Plan one; it begins now if `begins_at` is None."""
        await self.pool.execute(Statement.ADD_DELIVERY_WINDOW.text, begins_at, ends_at, actor, reason)

    async def end(self, window_id: UUID, actor: Actor, reason: str) -> bool:
        """End it now, or cancel a future one; False if it is over or does not exist."""
        ended = await self.pool.fetchval(Statement.END_DELIVERY_WINDOW.text, window_id, actor, reason)
        return ended is not None

    async def list(self, *, past: bool = False) -> list[dict[str, Any]]:
        """Current and future ones, soonest first; with `past`, also those that are over."""
        rows = await self.pool.fetch(Statement.SELECT_DELIVERY_WINDOWS.text, past, _MOST)
        return [dict(row) for row in rows]
