"""Tables dealers, categories and priorities: what D365 has, for case-api and d365-sync to read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from case_shared.database.postgres import Connection, Pool
from status_sync.app.read_list import IncomingRow, Read
from status_sync.app.sync_dealers import Followed, NewDealer
from status_sync.postgres.statements import Statement

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IncomingStore:
    """`read_list.Incoming`: each row belongs to a list that is being read."""

    pool: Pool

    async def begin(self, name: str) -> UUID:
        """Forget what earlier reads of this list have left, and return the ID of a new run."""
        await self.pool.execute(Statement.FORGET_INCOMING.text, name)
        return uuid4()

    async def add(self, name: str, run: UUID, rows: Sequence[IncomingRow]) -> None:
        """Keep a page."""
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        await self.pool.execute(Statement.ADD_INCOMING.text, run, name, *columns)

    async def is_whole(self, connection: Connection, read: Read) -> bool:
        """Whether all of its rows are there: another process may have started to read the list meanwhile."""
        there = await connection.fetchval(Statement.COUNT_INCOMING.text, read.run)
        if there != read.rows:
            log.warning("list_read_elsewhere", rows=read.rows, there=there)
        return bool(there == read.rows)

    async def drop(self, connection: Connection, read: Read) -> None:
        """Forget its rows."""
        await connection.execute(Statement.DROP_INCOMING.text, read.run)


@dataclass(frozen=True)
class RegistryStore:
    """Each list is replaced in one transaction, with the rows of an `IncomingStore`."""

    pool: Pool
    priority_order: tuple[str, ...] = ()

    async def unregistered(self, connection: Connection, run: UUID, limit: int) -> Sequence[tuple[str, str]]:
        """Return the first customers, in the order of their keys, that have no slug yet."""
        return [tuple(row) for row in await connection.fetch(Statement.FIND_UNREGISTERED.text, run, limit)]

    async def taken_slugs(self, connection: Connection, bases: Collection[str]) -> set[str]:
        """Return the slugs that equal one of these, or one of these with a number."""
        return {row["dealer"] for row in await connection.fetch(Statement.FIND_TAKEN_SLUGS.text, list(bases))}

    async def register(self, connection: Connection, dealers: Sequence[NewDealer]) -> None:
        """Give them their slugs; they are not active yet. Of two processes that give the same slug, one fails."""
        await connection.execute(
            Statement.REGISTER_DEALERS.text, *(list(column) for column in zip(*dealers, strict=True))
        )

    async def follow(self, connection: Connection, run: UUID, may_end: Collection[str] | None) -> Followed:
        """Take over names and make these customers active; of the others, `may_end` become inactive, None: all."""
        dealers = None if may_end is None else list(may_end)
        [row] = await connection.fetch(Statement.FOLLOW_CUSTOMERS.text, run, dealers)
        return Followed(row["appeared"], frozenset(row["missing"]))

    async def restart_poll(self, connection: Connection) -> None:
        """Make the next poll start from the beginning."""
        await connection.execute(Statement.RESTART_POLL.text)

    async def replace_categories(self, read: Read) -> None:
        """Replace the categories with these."""
        await self._replace(read, Statement.REPLACE_CATEGORIES)

    async def replace_priorities(self, read: Read) -> None:
        """Replace the priorities with these, in the configured order."""
        await self._replace(read, Statement.REPLACE_PRIORITIES, list(self.priority_order))

    async def remove_priorities(self) -> None:
        """Remove all priorities."""
        await self.pool.execute(Statement.REMOVE_PRIORITIES.text)

    async def legal_entities(self) -> Sequence[str]:
        """Return the legal entities that have dealers, in lower case."""
        return [row["data_area_id"] for row in await self.pool.fetch(Statement.LIST_LEGAL_ENTITIES.text)]

    async def store_lengths(self, lengths: Mapping[str, int]) -> None:
        """Store for case-api how many characters D365 keeps of each text."""
        await self.pool.execute(Statement.REPLACE_LENGTHS.text, list(lengths), list(lengths.values()))

    async def _replace(self, read: Read, statement: Statement, *arguments: object) -> None:
        incoming = IncomingStore(self.pool)
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            if await incoming.is_whole(connection, read):
                await connection.execute(statement.text, read.run, *arguments)
                await incoming.drop(connection, read)
