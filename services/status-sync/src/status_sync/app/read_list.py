"""Reads lists page by page; a list takes effect only when all of its pages have come, and never if it is empty.

If a role hides an entity from us, D365 answers with an empty list, and 200.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter

from case_shared.database.postgres import Connection

log = structlog.get_logger(__name__)
_empty = Counter(
    "casebridge_d365_empty_lists_total", "Empty lists in D365's answers, which do not replace the last list", ["list"]
)


class IncomingRow(NamedTuple):
    """A row of a list: a customer, a category (`kind` is its type) or a priority."""

    data_area_id: str
    kind: str
    key: str
    text: str | None


class Read(NamedTuple):
    """A list that was read to its end, in so many pages: the database has `rows` rows of it under `run`."""

    run: UUID
    rows: int
    pages: int


class Incoming(Protocol):
    """Where the rows of a list wait until it is complete: it may not fit into memory."""

    async def begin(self, name: str) -> UUID:
        """Forget what earlier reads of this list have left, and return the ID of a new run."""

    async def add(self, name: str, run: UUID, rows: Sequence[IncomingRow]) -> None:
        """Keep a page."""

    async def is_whole(self, connection: Connection, read: Read) -> bool:
        """Whether all of its rows are there: another process may have started to read the list meanwhile."""

    async def drop(self, connection: Connection, read: Read) -> None:
        """Forget its rows."""


@dataclass(frozen=True)
class ReadList:
    """Reads one list to its end; `progressed` is called after each page."""

    incoming: Incoming
    progressed: Callable[[], None]

    async def handle(self, name: str, pages: AsyncIterator[Sequence[IncomingRow]]) -> Read | None:
        """Return the list that takes effect; None for an empty one, counted and logged. Raises: what reading raises."""
        run, rows, pages_read = await self.incoming.begin(name), 0, 0
        async for page in pages:
            await self.incoming.add(name, run, page)
            rows += len(page)
            pages_read += 1
            self.progressed()
        if rows:
            return Read(run, rows, pages_read)
        _empty.labels(name).inc()
        log.info(
            "empty_list_not_believed", list=name, advice="check the integration user's roles and the mapping's filter"
        )
        return None
