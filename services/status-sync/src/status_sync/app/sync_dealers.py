"""The registry of dealers follows D365's customers."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from case_shared.d365.models import Customer
from case_shared.postgres import Connection, Pool
from status_sync.app.believing import believable, whole
from status_sync.domain.slugs import slug_for

log = structlog.get_logger(__name__)


class RegisteredDealer(NamedTuple):
    """A row of the registry."""

    dealer: str
    data_area_id: str
    customer_account: str
    active: bool


class Registry(Protocol):
    """The registry of dealers."""

    async def list_dealers(self, connection: Connection) -> Sequence[RegisteredDealer]:
        """Every dealer ever seen."""

    async def store_dealers(self, connection: Connection, dealers: Sequence[tuple[str, Customer]]) -> None:
        """Store what D365 has now, by slug; every other dealer is not active any more."""

    async def restart_poll(self, connection: Connection) -> None:
        """Let the next poll begin at the beginning."""


class Customers(Protocol):
    """The read of `D365Client` that this needs."""

    def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """Pages of customers."""


@dataclass(frozen=True)
class SyncDealers:
    """One sync, whole: the registry changes only once every page has been read; `progressed` is called after each."""

    pool: Pool
    registry: Registry
    d365: Customers
    timeout_seconds: float
    progressed: Callable[[], None]

    async def handle(self) -> None:
        """Read all customers and store them. Raises: D365Error: the registry stays as it is."""
        customers = await whole(self.d365.read_customers(timeout=self.timeout_seconds), self.progressed)
        if not believable("customers", customers):
            return
        async with self.pool.acquire() as connection, connection.transaction():
            known = await self.registry.list_dealers(connection)
            await self._store(connection, customers, known)

    async def _store(
        self, connection: Connection, customers: Sequence[Customer], known: Sequence[RegisteredDealer]
    ) -> None:
        slugs = {(dealer.data_area_id, dealer.customer_account): dealer.dealer for dealer in known}
        active = {dealer.dealer for dealer in known if dealer.active}
        dealers = assign_slugs(customers, slugs)
        await self.registry.store_dealers(connection, dealers)
        appeared = [slug for slug, _customer in dealers if slug not in active]
        if appeared:
            # Their cases in D365 may be older than what the poll has read.
            await self.registry.restart_poll(connection)
            log.info("dealers_registered", dealers=len(appeared))


def assign_slugs(customers: Sequence[Customer], known: dict[tuple[str, str], str]) -> list[tuple[str, Customer]]:
    """Give each customer its slug: the one it has, or a new one in the order of the keys."""
    slugs = dict(known)
    taken = set(known.values())
    by_key = {(customer.data_area_id.lower(), customer.customer_account): customer for customer in customers}
    for key in sorted(by_key):
        if key not in slugs:
            slugs[key] = slug_for(*key, taken)
            taken.add(slugs[key])
    return [(slugs[key], customer) for key, customer in sorted(by_key.items())]
