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


class Followed(NamedTuple):
    """How many dealers became active, and which active ones D365's list lacked."""

    appeared: int
    missing: frozenset[str]


class Registry(Protocol):
    """The registry of dealers; `run` identifies the customers that were read."""

    async def unregistered(self, connection: Connection, run: UUID, limit: int) -> Sequence[tuple[str, str]]:
        """Return the first customers, in the order of their keys, that have no slug yet."""

    async def taken_slugs(self, connection: Connection, bases: Collection[str]) -> set[str]:
        """Return the slugs that equal one of these, or one of these with a number."""

    async def register(self, connection: Connection, dealers: Sequence[NewDealer]) -> None:
        """Give them their slugs; they are not active yet."""

    async def follow(self, connection: Connection, run: UUID, may_end: Collection[str] | None) -> Followed:
        """Take over names and make these customers active; of the others, `may_end` become inactive, None: all."""

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
    _missing: frozenset[str] = field(default=frozenset(), init=False)  # active dealers that the last read lacked

    async def handle(self) -> None:
        """Read all customers and store them. Raises: D365Error; then the registry stays as it is."""
        read = await self.read_list.handle("customers", self._pages())
        if read is None:
            return
        self._warn_of_all(read.rows)
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            if not await self.read_list.incoming.is_whole(connection, read):
                return
            missing = await self._store(connection, read)
        self._missing = missing

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

    async def _store(self, connection: Connection, read: Read) -> frozenset[str]:
        """Return the active dealers that the list lacks."""
        while new := await self.registry.unregistered(connection, read.run, _REGISTERED_AT_ONCE):
            taken = await self.registry.taken_slugs(connection, {base_slug(*key) for key in new})
            await self.registry.register(connection, assign_slugs(new, taken))
        # D365 counts rows for its next page: if a customer leaves between two pages, neither has the row that moved up.
        # So a dealer that a list of several pages lacks becomes inactive only if the list before lacked it, too.
        may_end = self._missing if read.pages > 1 else None
        appeared, missing = await self.registry.follow(connection, read.run, may_end)
        await self.read_list.incoming.drop(connection, read)
        if appeared:
            # Their cases in D365 may be older than the poll's position.
            await self.registry.restart_poll(connection)
            log.info("dealers_registered", dealers=appeared)
        return missing


def assign_slugs(new: Iterable[tuple[str, str]], taken: Iterable[str]) -> list[NewDealer]:
    """Give each customer a slug that is not taken, in the order of the keys."""
    slugs, given = set(taken), []
    for key in sorted(new):
        given.append(NewDealer(slug_for(*key, slugs), *key))
        slugs.add(given[-1].dealer)
    return given
