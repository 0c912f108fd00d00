"""Which of a dealer's cases a list shows, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import NamedTuple, Self

from case_api.domain.searched_text import folded, read_kindly
from case_shared.words.actor import Actor
from case_shared.words.events import CaseStatus
from case_shared.words.identifiers import part_of_web_case_id
from case_shared.words.languages import language_of
from case_shared.words.status_labels import STATUS_LABELS


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


# Texts that people write: sorted alphabetically.
WRITTEN = frozenset({Column.CATEGORY, Column.PRIORITY, Column.DESCRIPTION, Column.CREATED_BY})


class Collation(StrEnum):
    """Whose alphabet sorts texts, by its CLDR name."""

    ROOT = "und"
    ENGLISH = "en"
    GERMAN = "de"
    ICELANDIC = "is"

    @classmethod
    def of(cls, languages: Sequence[str]) -> "Collation":
        """Return the first of `languages` (tags, most wanted first) that we have, else the root."""
        return next((cls(one) for tag in languages if (one := language_of(tag)) in {*cls}), cls.ROOT)


@dataclass(frozen=True, slots=True)
class Sort:
    """By `column`, empty values last either way; equals by creation, then by Web Case ID, in the same direction."""

    column: Column = Column.CREATED_AT
    descending: bool = True
    collation: Collation = Collation.ROOT

    @classmethod
    def parse(cls, text: str, collation: Collation = Collation.ROOT) -> Self:
        """Read `created_at` or `-created_at`. Raises: ValueError. Only texts that people write have a collation."""
        column = Column(text.removeprefix("-"))
        return cls(column, text.startswith("-"), collation if column in WRITTEN else Collation.ROOT)

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return f"{'-' if self.descending else ''}{self.column}"


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, folded: part of an ID, of the creator's name, or of a status label."""

    text: str

    @classmethod
    def parse(cls, typed: str) -> Self | None:
        """Read what was typed, or return None if that is nothing."""
        text = read_kindly(typed)
        return cls(text) if text else None

    @property
    def part_of_id(self) -> str | None:
        """The part of a Web Case ID that was misread as the text; None if there is no such part."""
        part = part_of_web_case_id(self.text)
        return part if part != self.text.upper() else None

    @property
    def statuses(self) -> list[CaseStatus]:
        """The statuses whose code or label, in any language, contains the text."""
        return [status for status in CaseStatus if any(self.text in word for word in _words(status))]


@cache
def _words(status: CaseStatus) -> list[str]:
    return [folded(word) for word in (status, *(labels[status] for labels in STATUS_LABELS.values()))]


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions that a case must meet; None and empty: no condition."""

    search: Search | None = None
    words: tuple[str, ...] = ()  # each one is in the description or the notes; `searched_text.words_of`
    statuses: tuple[CaseStatus, ...] = ()
    category: str | None = None
    priority: str | None = None
    created_by: str | None = None
    mine: Actor | None = None
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
    """Where a page ends: its last case's value of the sort column (None: empty), and the rest of its key."""

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
    """How many cases match in all, and per status, whatever statuses the filter names."""

    total: Count
    statuses: dict[CaseStatus, Count]
