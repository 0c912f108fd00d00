"""What the list shows: everything that is in its address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from portal_web.domain.case_api import CaseStatus

NEWEST_FIRST = "-created_at"
# The columns that can be sorted by, as the API calls them.
SORTS = (
    "web_case_id",
    "case_id",
    "status",
    "category",
    "priority",
    "description",
    "created_by",
    "created_at",
    "submitted_at",
    "updated_at",
)
PAGE_SIZE = 25
WORDS = "words"
_YEARS = range(1900, 2200)
LONGEST_SEARCH = 100  # characters that the API accepts


@dataclass(frozen=True)
class Listing:
    """Search, filters, order and place in the list; an empty text means not given."""

    q: str = ""
    within: str = ""  # WORDS: searches `q` in descriptions and notes, else in IDs, users and labels
    status: tuple[str, ...] = ()
    category: str = ""
    created_by: str = ""
    created_from: str = ""
    created_to: str = ""
    undelivered: bool = False
    sort: str = NEWEST_FIRST
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str], statuses: list[str]) -> Self:
        """What an address asks for; ignores values that make no sense."""
        asked = [part for text in statuses for part in text.split(",")]
        sort = query.get("sort", NEWEST_FIRST)
        q = query.get("q", "").strip()
        return cls(
            q=q,
            # The form repeats the text that it found so: another text is looked for in IDs first.
            within=WORDS if q and query.get("within", "").strip() in {WORDS, q} else "",
            status=tuple(status for status in CaseStatus if status in asked),
            category=query.get("category", ""),
            created_by=query.get("created_by", "").strip(),
            created_from=_day(query.get("created_from", "")),
            created_to=_day(query.get("created_to", "")),
            undelivered=bool(query.get("undelivered")),
            sort=sort if sort.removeprefix("-") in SORTS else NEWEST_FIRST,
            cursor=query.get("cursor", ""),
        )

    @property
    def filtered(self) -> bool:
        """Whether it may leave out cases."""
        return replace(self, sort=NEWEST_FIRST, cursor="", within="") != type(self)()

    @property
    def too_long(self) -> bool:
        """Whether the search is longer than the API accepts."""
        return len(self.q) > LONGEST_SEARCH

    @property
    def detailed(self) -> bool:
        """Whether a filter is set that the page does not always show."""
        return bool(self.category or self.created_by or self.created_from or self.created_to)

    def asked(self, zone: str) -> dict[str, Any]:
        """The API's query; days are those of the visitor's time zone."""
        return {
            "text" if self.within else "q": self.q,
            "status": ",".join(self.status),
            "category": self.category,
            "created_by": self.created_by,
            "created_from": self.created_from,
            "created_to": self.created_to,
            "zone": zone,
            "undelivered": "true" if self.undelivered else None,
            "sort": self.sort,
        }

    def query(self, **changes: Any) -> str:
        """The query of the address that shows it, with `changes`; from the first page, unless they give a cursor."""
        pairs = [(name, value) for name, value in _pairs(replace(self, **{"cursor": "", **changes})) if value]
        return f"?{urlencode(pairs)}" if pairs else ""

    def without(self, status: str) -> tuple[str, ...]:
        """The statuses except this one."""
        return tuple(one for one in self.status if one != status)

    def turned(self, column: str) -> str:
        """The order after a click on a column's header: by that column, or the reverse."""
        newest = column.endswith("_at")
        if self.sort.removeprefix("-") != column:
            return f"-{column}" if newest else column
        return column if self.sort.startswith("-") else f"-{column}"

    def direction(self, column: str) -> str | None:
        """`aria-sort` of a column; None if the list is not sorted by it."""
        if self.sort.removeprefix("-") != column:
            return None
        return "descending" if self.sort.startswith("-") else "ascending"


def _pairs(listing: Listing) -> Iterator[tuple[str, str]]:
    for field in fields(listing):
        value = getattr(listing, field.name)
        if field.name == "undelivered":
            yield field.name, "1" if value else ""
        elif field.name != "sort" or value != NEWEST_FIRST:
            yield field.name, ",".join(value) if isinstance(value, tuple) else value


def _day(text: str) -> str:
    """A day; empty for any other text, or if the year is not fully typed yet (0002)."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return day.isoformat() if day.year in _YEARS else ""
