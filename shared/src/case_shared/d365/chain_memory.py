"""How many `or` terms D365 takes in one filter, kept in the database, one row an environment, for all services."""

from dataclasses import dataclass

import structlog

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool, load_sql
from case_shared.database.statements import Statement

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PostgresChainMemory:
    """`chains.ChainMemory` of the environment at `url`; without the database each process learns for itself."""

    pool: Pool
    url: str

    async def load(self) -> int | None:
        """The most terms known to work in one filter; None where nothing is known."""
        try:
            found: int | None = await self.pool.fetchval(load_sql(Statement.LOAD_D365_OR_TERMS), self.url)
        except UNREACHABLE as error:
            log.warning("d365_or_terms_not_loaded", error=str(error))
            return None
        return found

    async def store(self, terms: int) -> None:
        """Keep it."""
        try:
            await self.pool.execute(load_sql(Statement.STORE_D365_OR_TERMS), self.url, terms)
        except UNREACHABLE as error:
            log.warning("d365_or_terms_not_stored", terms=terms, error=str(error))
