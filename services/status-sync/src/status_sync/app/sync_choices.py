"""What dealers may choose from, categories and priorities, follows D365; the last known list serves meanwhile."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from case_shared.d365.models import Category, Priority
from status_sync.app.believing import believable, whole


class Choices(Protocol):
    """Where the lists are kept."""

    async def replace_categories(self, categories: Sequence[Category]) -> None:
        """Make these the categories."""

    async def replace_priorities(self, priorities: Sequence[Priority]) -> None:
        """Make these the priorities."""


class D365Choices(Protocol):
    """The reads of `D365Client` that this needs."""

    def read_categories(self, *, timeout: float) -> AsyncIterator[tuple[Category, ...]]:
        """Pages of categories."""

    def read_priorities(self, *, timeout: float) -> AsyncIterator[tuple[Priority, ...]]:
        """Pages of priorities."""


@dataclass(frozen=True)
class SyncChoices:
    """One list at a time, whole; `progressed` is called after each page."""

    choices: Choices
    d365: D365Choices
    timeout_seconds: float
    progressed: Callable[[], None]

    async def categories(self) -> None:
        """Read and store the categories. Raises: D365Error."""
        pages = self.d365.read_categories(timeout=self.timeout_seconds)
        categories = await whole(pages, self.progressed)
        if believable("categories", categories):
            await self.choices.replace_categories(categories)

    async def priorities(self) -> None:
        """Read and store the priorities. Raises: D365Error."""
        pages = self.d365.read_priorities(timeout=self.timeout_seconds)
        priorities = await whole(pages, self.progressed)
        if believable("priorities", priorities):
            await self.choices.replace_priorities(priorities)
