"""What dealers may choose from, categories and priorities, follows D365; until then the last known list applies."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from case_shared.d365.errors import D365Misconfigured
from case_shared.d365.mapping import Mapping
from case_shared.d365.models import Category, Priority
from status_sync.app.read_list import IncomingRow, Read, ReadList

log = structlog.get_logger(__name__)


class Choices(Protocol):
    """Where the lists are kept; only a whole one replaces the last."""

    async def replace_categories(self, read: Read) -> None:
        """Replace the categories with these."""

    async def replace_priorities(self, read: Read) -> None:
        """Replace the priorities with these."""

    async def remove_priorities(self) -> None:
        """Remove all priorities."""

    async def legal_entities(self) -> Sequence[str]:
        """Return the legal entities that have dealers, in lower case."""


class D365Choices(Protocol):
    """The reads of `D365Client` that this needs."""

    def read_categories(self, *, timeout: float) -> AsyncIterator[tuple[Category, ...]]:
        """Yield pages of categories."""

    def read_priorities(self, *, timeout: float) -> AsyncIterator[tuple[Priority, ...]]:
        """Yield pages of priorities."""


@dataclass(frozen=True)
class SyncChoices:
    """One list at a time; it takes effect when every page has been read."""

    choices: Choices
    read_list: ReadList
    d365: D365Choices
    mapping: Mapping
    timeout_seconds: float

    async def categories(self) -> None:
        """Read and store the categories. Raises: D365Error."""
        if read := await self.read_list.handle("categories", self._categories()):
            await self.choices.replace_categories(read)

    async def priorities(self) -> None:
        """Read and store the priorities. Raises: D365Error."""
        table = self.mapping.priorities
        if not table.list and not table.entity_set:
            await self.choices.remove_priorities()
            return
        try:
            read = await self.read_list.handle("priorities", self._priorities())
        except D365Misconfigured as error:
            if table.is_expected or error.status != 404:
                raise
            log.info("no_priorities_in_d365", entity_set=table.entity_set)
            return
        if read:
            await self.choices.replace_priorities(read)

    async def _categories(self) -> AsyncIterator[Sequence[IncomingRow]]:
        if named := self.mapping.categories.list:
            for area in await self.choices.legal_entities():
                yield [
                    IncomingRow(area, one.category_type, one.category, one.description)
                    for one in named
                    if (one.data_area_id or area).lower() == area
                ]
            return
        async for page in self.d365.read_categories(timeout=self.timeout_seconds):
            yield [
                IncomingRow(one.data_area_id.lower(), one.category_type, one.category, one.description) for one in page
            ]

    async def _priorities(self) -> AsyncIterator[Sequence[IncomingRow]]:
        if named := self.mapping.priorities.list:
            for area in await self.choices.legal_entities():
                yield [
                    IncomingRow(area, "", one.priority, one.description)
                    for one in named
                    if (one.data_area_id or area).lower() == area
                ]
            return
        async for page in self.d365.read_priorities(timeout=self.timeout_seconds):
            yield [IncomingRow(one.data_area_id.lower(), "", one.priority, one.description) for one in page]
