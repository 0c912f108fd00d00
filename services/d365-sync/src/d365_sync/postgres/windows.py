"""Maintenance windows in PostgreSQL: the statements that claim documents look there themselves, whoever leads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from case_shared.postgres import Pool, load_sql

_PACKAGE = "d365_sync.postgres"
_MOST = 100


@dataclass(frozen=True)
class PostgresWindows:
    """Each change is one statement, with its audit entry."""

    pool: Pool

    async def add(self, begins_at: datetime | None, ends_at: datetime, actor: str, reason: str) -> None:
        """Plan one; it begins now where `begins_at` is None."""
        await self.pool.execute(load_sql(_PACKAGE, "add_delivery_window"), begins_at, ends_at, actor, reason)

    async def end(self, window_id: UUID, actor: str, reason: str) -> bool:
        """End it now, or call it off; False where there is none that is under way or to come."""
        ended = await self.pool.fetchval(load_sql(_PACKAGE, "end_delivery_window"), window_id, actor, reason)
        return ended is not None

    async def list(self, *, past: bool = False) -> list[dict[str, Any]]:
        """Those under way and to come, soonest first; with `past` those that are over, too."""
        rows = await self.pool.fetch(load_sql(_PACKAGE, "select_delivery_windows"), past, _MOST)
        return [dict(row) for row in rows]
