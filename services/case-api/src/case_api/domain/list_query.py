"""What of a dealer's cases a list shows, and in which order."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, cached_property
from typing import NamedTuple, Self

from case_shared.events import CaseStatus
from case_shared.identifiers import CONFUSED
from case_shared.status_labels import STATUS_LABELS

# With fewer letters and digits, what is typed must begin an id, a user or a label: indexes find no less anywhere.
ANYWHERE_FROM = 3


class Column(StrEnum):
    """What lists can be sorted by."""

    WEB_CASE_ID = "web_case_id"
    CASE_ID = "case_id"
    STATUS = "status"
    CATEGORY = "category"
    PRIORITY = "priority"
    DESCRIPTION = "description"
    CREATED_BY = "created_by"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    SUBMITTED_AT = "submitted_at"


@dataclass(frozen=True, slots=True)
class Sort:
    """By `column`, nothing last both ways; equals by their creation, then by Web Case ID, in the same direction."""

    column: Column = Column.CREATED_AT
    descending: bool = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `created_at` or `-created_at`; raises ValueError."""
        return cls(Column(text.removeprefix("-")), text.startswith("-"))

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{'-' if self.descending else ''}{self.column}"


@dataclass(frozen=True)
class Search:
    """What was typed, in lower case, with single spaces; and what of it is known beforehand."""

    text: str

    @classmethod
    def parse(cls, typed: str) -> Self | None:
        """Read what was typed; None: nothing."""
        text = " ".join(typed.split())
        return cls(in_lower_case(text)) if text else None

    @cached_property
    def anywhere(self) -> bool:
        """Whether it may stand anywhere, or must be the beginning."""
        return sum(character.isalnum() for character in self.text) >= ANYWHERE_FROM

    @cached_property
    def ids(self) -> list[str]:
        """What an id may have: the text, and the text with 0 for O and 1 for I and L."""
        return list(dict.fromkeys([self.text, self.text.upper().translate(CONFUSED).lower()]))

    @cached_property
    def statuses(self) -> list[CaseStatus]:
        """The statuses whose label, in any language, or code has it."""
        return [status for status in CaseStatus if any(self._found_in(word) for word in _words(status))]

    def _found_in(self, word: str) -> bool:
        return self.text in word if self.anywhere else word.startswith(self.text)


def in_lower_case(text: str) -> str:
    """As PostgreSQL's collation pg_c_utf8 does it: character by character."""
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)


@cache
def _words(status: CaseStatus) -> list[str]:
    return [in_lower_case(word) for word in (status, *(labels[status] for labels in STATUS_LABELS.values()))]


@dataclass(frozen=True, slots=True)
class Filters:
    """All that a case must be to be shown; None and empty: whatever it is."""

    search: Search | None = None
    statuses: tuple[CaseStatus, ...] = ()
    category: str | None = None
    priority: str | None = None
    created_by: str | None = None
    origin: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    undelivered: bool | None = None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list of one dealer."""

    dealer: str
    filters: Filters = Filters()
    sort: Sort = Sort()


class Place(NamedTuple):
    """Where a page ends: its last case's value of the sort's column (None: nothing), and the rest of its key."""

    value: str | int | datetime | None
    created_at: datetime
    web_case_id: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `more`: more than that."""

    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases there are in all, and of each status whatever statuses the filter names."""

    total: Count
    statuses: dict[CaseStatus, Count]
