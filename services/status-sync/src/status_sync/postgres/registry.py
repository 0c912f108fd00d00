"""Tables dealers, categories and priorities: what D365 has, for case-api and d365-sync to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from case_shared.d365.models import Category, Customer, Priority
from case_shared.postgres import Connection, Pool
from status_sync.app.sync_dealers import RegisteredDealer
from status_sync.postgres import statement


@dataclass(frozen=True)
class RegistryStore:
    """Each list is replaced in one statement."""

    pool: Pool

    async def list_dealers(self, connection: Connection) -> Sequence[RegisteredDealer]:
        """Every dealer ever seen."""
        return [RegisteredDealer(**row) for row in await connection.fetch(statement("list_dealers"))]

    async def store_dealers(self, connection: Connection, dealers: Sequence[tuple[str, Customer]]) -> None:
        """Store what D365 has now, by slug; every other dealer is not active any more."""
        await connection.execute(
            statement("store_dealers"),
            [slug for slug, _ in dealers],
            [customer.data_area_id.lower() for _, customer in dealers],
            [customer.customer_account for _, customer in dealers],
            [customer.name for _, customer in dealers],
        )

    async def restart_poll(self, connection: Connection) -> None:
        """Let the next poll begin at the beginning."""
        await connection.execute(statement("restart_poll"))

    async def replace_categories(self, categories: Sequence[Category]) -> None:
        """Make these the categories."""
        await self.pool.execute(
            statement("replace_categories"),
            [category.data_area_id.lower() for category in categories],
            [category.category_type for category in categories],
            [category.category for category in categories],
            [category.description for category in categories],
        )

    async def replace_priorities(self, priorities: Sequence[Priority]) -> None:
        """Make these the priorities."""
        await self.pool.execute(
            statement("replace_priorities"),
            [priority.data_area_id.lower() for priority in priorities],
            [priority.priority for priority in priorities],
            [priority.description for priority in priorities],
        )
