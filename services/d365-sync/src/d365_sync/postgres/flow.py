"""Counts the pipeline in the tables of all three services."""

from dataclasses import dataclass

from case_shared.database.postgres import Pool
from d365_sync.domain.flow import Concern, Kind, Minute, Now
from d365_sync.postgres.statements import Statement

_COLUMNS = ("count", "since", "where", "detail")


@dataclass(frozen=True)
class PostgresFlow:
    """Implements `app.show_flow.ReadsFlow`."""

    pool: Pool

    async def now(self) -> Now:
        """How much is in each stage now."""
        row = await self.pool.fetchrow(Statement.SELECT_FLOW.text)
        assert row is not None, "counts have one row"
        return Now(**row)

    async def history(self) -> list[Minute]:
        """The last hour by minute; the current one is last."""
        return [Minute(**row) for row in await self.pool.fetch(Statement.SELECT_FLOW_HISTORY.text)]

    async def concerns(self) -> list[Concern]:
        """What a person should know, as the tables show it."""
        rows = await self.pool.fetch(Statement.SELECT_CONCERNS.text)
        return [Concern.of(Kind(row["kind"]), **{name: row[name] for name in _COLUMNS}) for row in rows]
