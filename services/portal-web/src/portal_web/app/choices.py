"""The choices for a case's fields: D365's lists, which change rarely, cached for a minute per dealer."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from case_shared.process.clock import Clock
from portal_web.domain.case_api import CategoryDocument, PriorityDocument

_FRESH_SECONDS = 60.0


class Lists(Protocol):
    """The source of the lists."""

    async def categories(self) -> list[CategoryDocument]:
        """The categories that a case can have."""

    async def priorities(self) -> list[PriorityDocument]:
        """The priorities that a case can have."""

    async def lengths(self) -> dict[str, int]:
        """How many characters D365 keeps of each field, by JSON pointer."""


@dataclass(frozen=True)
class Choices:
    """The lists of one dealer."""

    categories: tuple[CategoryDocument, ...] = ()
    priorities: tuple[PriorityDocument, ...] = ()
    lengths: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The categories' names, each once."""
        return sorted({one.category for one in self.categories})

    @property
    def ambiguous(self) -> frozenset[str]:
        """The names that are in several category types."""
        counts = Counter(one.category for one in self.categories)
        return frozenset(name for name, count in counts.items() if count > 1)

    def has(self, chosen: str) -> bool:
        """Whether a category, as a form's field contains it, is one of these, and says which of several types."""
        kind, _, name = chosen.partition(":")
        if not kind and name in self.ambiguous:
            return False
        return any(one.category == name and kind in {"", one.category_type} for one in self.categories)


@dataclass(frozen=True)
class KnowingChoices:
    """The use case; the caller has checked that the user may act for the dealer."""

    clock: Clock
    _known: dict[str, tuple[float, Choices]] = field(default_factory=dict)

    async def of(self, dealer: str, lists: Lists) -> Choices:
        """The dealer's choices; empty lists (not read from D365 yet) are requested each time."""
        known = self._known.get(dealer)
        if known and self.clock.monotonic() - known[0] < _FRESH_SECONDS:
            return known[1]
        choices = Choices(tuple(await lists.categories()), tuple(await lists.priorities()), await lists.lengths())
        if choices.categories:
            self._known[dealer] = (self.clock.monotonic(), choices)
        return choices
