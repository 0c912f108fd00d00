"""What status-sync has read of D365's lists, from its own tables."""

from dataclasses import dataclass

from case_api.app.stores import Category, Priority
from case_api.domain.dealers import Dealer
from case_api.postgres.statements import Statement
from case_shared.database.postgres import Pool
from case_shared.words.category_types import CategoryTypes


@dataclass(frozen=True, slots=True)
class PostgresListStore:
    """case_api.app.stores.ListStore."""

    pool: Pool

    async def dealers(self) -> list[Dealer]:
        """Return all dealers of the registry."""
        return [Dealer(**row) for row in await self.pool.fetch(Statement.LIST_DEALERS.text)]

    async def categories(self, data_area_id: str, types: CategoryTypes) -> list[Category]:
        """Return the categories of a legal entity."""
        statement = Statement.LIST_CATEGORIES.text
        return [Category(*row) for row in await self.pool.fetch(statement, data_area_id, *types.lowered)]

    async def priorities(self, data_area_id: str) -> list[Priority]:
        """Return the priorities of a legal entity."""
        return [Priority(*row) for row in await self.pool.fetch(Statement.LIST_PRIORITIES.text, data_area_id)]

    async def lengths(self) -> dict[str, int]:
        """Return how many characters D365 keeps of each text."""
        return {row["field"]: row["characters"] for row in await self.pool.fetch(Statement.LIST_LENGTHS.text)}
