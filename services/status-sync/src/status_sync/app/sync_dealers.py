"""The registry of dealers follows D365's customers."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from case_shared.d365.models import Customer
from case_shared.database.postgres import Connection, Pool
from status_sync.app.read_list import IncomingRow, Read, ReadList
from status_sync.domain.slugs import base_slug, slug_for

log = structlog.get_logger(__name__)
_REGISTERED_AT_ONCE = 1000


class NewDealer(NamedTuple):
    """A customer that gets its slug."""

    dealer: str
    data_area_id: str
    customer_account: str


class Registry(Protocol):
    """The registry of dealers; `run` identifies the customers that were read."""

    async def unregistered(self, connection: Connection, run: UUID, limit: int) -> Sequence[tuple[str, str]]:
        """Return the first customers, in the order of their keys, that have no slug yet."""

    async def taken_slugs(self, connection: Connection, bases: Collection[str]) -> set[str]:
        """Return the slugs that equal one of these, or one of these with a number."""

    async def register(self, connection: Connection, dealers: Sequence[NewDealer]) -> None:
        """Give them their slugs; they are not active yet."""

    async def follow(self, connection: Connection, run: UUID) -> int:
        """Take over names, and make these customers active, no others; return how many became active."""

    async def restart_poll(self, connection: Connection) -> None:
        """Make the next poll start from the beginning."""


class Customers(Protocol):
    """The read of `D365Client` that this needs."""

    def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """Yield pages of customers."""


@dataclass
class SyncDealers:
    """One sync: the registry changes once, when every page has been read. `filtered`: the mapping chooses customers."""

    pool: Pool
    registry: Registry
    read_list: ReadList
    d365: Customers
    timeout_seconds: float
    filtered: bool = True
    _warned_of: int | None = field(default=None, init=False)

    async def handle(self) -> None:
        """Read all customers and store them. Raises: D365Error; then the registry stays as it is."""
        read = await self.read_list.handle("customers", self._pages())
        if read is None:
            return
        self._warn_of_all(read.rows)
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            if await self.read_list.incoming.is_whole(connection, read):
                await self._store(connection, read)

    async def _pages(self) -> AsyncIterator[Sequence[IncomingRow]]:
        async for page in self.d365.read_customers(timeout=self.timeout_seconds):
            yield [IncomingRow(one.data_area_id.lower(), "", one.customer_account, one.name) for one in page]

    def _warn_of_all(self, customers: int) -> None:
        """Warn at the start and whenever the number changes: most of D365's customers are not dealers."""
        if not self.filtered and customers != self._warned_of:
            log.warning(
                "every_customer_becomes_a_dealer",
                customers=customers,
                advice="unless all of them are dealers, set [customers] filter in the mapping",
            )
        self._warned_of = customers

    async def _store(self, connection: Connection, read: Read) -> None:
        while new := await self.registry.unregistered(connection, read.run, _REGISTERED_AT_ONCE):
            taken = await self.registry.taken_slugs(connection, {base_slug(*key) for key in new})
            await self.registry.register(connection, assign_slugs(new, taken))
        appeared = await self.registry.follow(connection, read.run)
        await self.read_list.incoming.drop(connection, read)
        if appeared:
            # Their cases in D365 may be older than the poll's position.
            await self.registry.restart_poll(connection)
            log.info("dealers_registered", dealers=appeared)


def assign_slugs(new: Iterable[tuple[str, str]], taken: Iterable[str]) -> list[NewDealer]:
    """Give each customer a slug that is not taken, in the order of the keys."""
    slugs, given = set(taken), []
    for key in sorted(new):
        given.append(NewDealer(slug_for(*key, slugs), *key))
        slugs.add(given[-1].dealer)
    return given
