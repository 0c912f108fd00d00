"""The pipeline, counted in the tables of all three services."""

from dataclasses import dataclass

from case_shared.postgres import Pool, load_sql
from d365_sync.domain.flow import Minute, Now

_PACKAGE = "d365_sync.postgres"


@dataclass(frozen=True)
class PostgresFlow:
    """Implements `app.show_flow.ReadsFlow`."""

    pool: Pool

    async def now(self) -> Now:
        """What stands where now."""
        row = await self.pool.fetchrow(load_sql(_PACKAGE, "select_flow"))
        assert row is not None, "counts have one row"
        return Now(**row)

    async def history(self) -> list[Minute]:
        """The last hour by the minute, the one under way last."""
        return [Minute(**row) for row in await self.pool.fetch(load_sql(_PACKAGE, "select_flow_history"))]

    async def paused_consumers(self) -> int:
        """How many consumers a flood of unreadable records has stopped."""
        return len(await self.pool.fetch(load_sql(_PACKAGE, "select_paused_consumers")))
