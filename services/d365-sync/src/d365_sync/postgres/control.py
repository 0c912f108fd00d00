"""What steers delivery, in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime

from case_shared.database.postgres import Pool
from d365_sync.app.ports import Backlog, Control
from d365_sync.domain.breaker import BreakerState
from d365_sync.domain.document import State
from d365_sync.postgres.statements import Statement


@dataclass(frozen=True)
class PostgresControl:
    """Implements `app.ports.DeliveryControl`."""

    pool: Pool

    async def read(self) -> Control:
        """The row as it is now."""
        row = await self.pool.fetchrow(Statement.SELECT_CONTROL.text)
        assert row is not None, "the migration inserts the row, and nobody may delete it"
        return Control(**{**dict(row), "breaker": BreakerState(row["breaker"])})

    async def store_breaker(
        self, state: BreakerState, since: datetime | None, reason: str | None, concurrency: int, *, probe_seconds: float
    ) -> None:
        """Store the breaker, so that it survives and every replica can show it."""
        await self.pool.execute(Statement.STORE_BREAKER.text, state, since, reason, concurrency, probe_seconds)

    async def claim_probe(self, every_seconds: float) -> bool:
        """Whether this process may send the one probe of this interval."""
        return bool(await self.pool.fetchval(Statement.CLAIM_PROBE.text, every_seconds))

    async def claim_environment(self, url: str) -> str:
        """Bind a new database to `url`; return the environment that the database belongs to."""
        belongs: str = await self.pool.fetchval(Statement.CLAIM_ENVIRONMENT.text, url)
        return belongs

    async def backlog(self) -> list[Backlog]:
        """Open documents and dead letters, by state."""
        rows = await self.pool.fetch(Statement.SELECT_BACKLOG.text)
        return [Backlog(State(row["state"]), row["documents"], row["oldest_seconds"], row["leased"]) for row in rows]

    async def twice(self) -> int:
        """How many documents' cases D365 has twice, until an operator has dealt with them."""
        documents: int = await self.pool.fetchval(Statement.COUNT_TWICE.text)
        return documents
