"""How many `or` terms D365 takes in one filter: one row per environment, shared by all services."""

from dataclasses import dataclass

import structlog

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool
from case_shared.database.statements import Statement

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PostgresChainMemory:
    """The `chains.ChainMemory` of the environment at `url`; without the database each process learns by itself."""

    pool: Pool
    url: str

    async def load(self) -> int | None:
        """Return the most terms known to work in one filter, or None if unknown."""
        try:
            found: int | None = await self.pool.fetchval(Statement.LOAD_D365_OR_TERMS.text, self.url)
        except UNREACHABLE as error:
            log.warning("d365_or_terms_not_loaded", error=str(error))
            return None
        return found

    async def store(self, terms: int) -> None:
        """Keep the number for all services."""
        try:
            await self.pool.execute(Statement.STORE_D365_OR_TERMS.text, self.url, terms)
        except UNREACHABLE as error:
            log.warning("d365_or_terms_not_stored", terms=terms, error=str(error))
