"""Random list queries of a dealer, and their expected results: the same cases searched and sorted in Python."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from case_api.domain.list_query import WRITTEN, Collation, Column, Filters, ListQuery, Search, Sort
from case_api.domain.searched_text import folded, words_of
from case_shared.database.postgres import Connection
from case_shared.words.events import CaseStatus
from case_shared.words.status_labels import STATUS_LABELS

Row = dict[str, Any]
Alphabets = Mapping[str, Mapping[str, int]]
# The order of priorities, like `[priorities] order` of the mapping.
ORDER = ["High", "Normal", "Low"]
_LIFE = list(CaseStatus)
# The sorts whose columns are in the list's index.
INDEXED = [Column.CREATED_AT, Column.WEB_CASE_ID, Column.CASE_ID, Column.STATUS, Column.CREATED_BY]


@dataclass(frozen=True)
class Lists:
    """Draws list queries of `dealer`; typed texts come from `rows`, which are some of its cases."""

    dealer: str
    rows: Sequence[Row]
    draw: random.Random
    sorts: Sequence[Column] = tuple(Column)

    def filtered(self) -> ListQuery:
        """Any search with any filters in any order."""
        draw, row = self.draw, self.draw.choice(self.rows)
        chosen = Filters(
            search=Search.parse(self.typed()) if draw.random() < 0.7 else None,
            words=self._some([("machine", "le"), words_of((shown(row, "description") or "x")[:12]), ("zzz",)]) or (),
            statuses=self._some([tuple(sorted(draw.sample(_LIFE, draw.randint(1, 3)), key=_LIFE.index))]) or (),
            category=self._some([shown(row, "category"), "Nothing"]),
            priority=self._some([shown(row, "priority")]),
            created_by=self._some([row["created_by"], (row["created_by"] or "x").upper(), "nobody"]),
            origin=self._some(["portal", "d365"]),
            created_from=self._some([row["created_at"]]),
            created_before=self._some([row["created_at"], row["created_at"] + timedelta(days=20)]),
            undelivered=self._some([True, False]),
        )
        return ListQuery(self.dealer, chosen, self.sort())

    def searched(self, shortest: int = 3) -> ListQuery:
        """Only a search, of at least `shortest` characters."""
        typed = next(text for text in iter(self.typed, None) if len(text) >= shortest)
        return ListQuery(self.dealer, Filters(search=Search.parse(typed)), self.sort())

    def short(self) -> ListQuery:
        """A search of one or two characters."""
        search = Search.parse(self.typed()[: self.draw.randint(1, 2)])
        return ListQuery(self.dealer, Filters(search=search), self.sort())

    def sort(self) -> Sort:
        """Usually newest first."""
        if self.draw.random() < 0.6:
            return Sort()
        column, collation = self.draw.choice(self.sorts), self.draw.choice([*Collation])
        return Sort.parse(f"{self.draw.choice(['', '-'])}{column}", collation)

    def typed(self) -> str:
        """A part of an ID, a user's name or a label; or something that does not occur."""
        draw, row = self.draw, self.draw.choice(self.rows)
        label = draw.choice(list(draw.choice(list(STATUS_LABELS.values())).values()))
        web_case_id: str = row["web_case_id"]
        texts = (
            [web_case_id] * 3
            + [row["case_id"] or web_case_id] * 2
            + [row["created_by"] or "x@y"] * 2
            + [label, "zzq", "0%_"]
        )
        text: str = draw.choice(texts)
        if draw.random() < 0.7:
            begin = draw.randrange(len(text))
            text = text[begin : begin + draw.randint(1, 8)]
        if draw.random() < 0.2:
            text = text.replace("0", "O").replace("1", draw.choice("IiLl"))
        return draw.choice([text, text.lower(), text.upper()]).strip() or "?"

    def _some(self, values: Sequence[Any]) -> Any:
        return self.draw.choice(values) if self.draw.random() < 0.15 else None


def shown(row: Row, column: str) -> str | None:
    """What a dealer sees."""
    as_of, submitted_at = row["status_as_of"], row["submitted_at"]
    is_own = row["phase"] == "draft" or as_of is None or row["moved_at"] is not None
    older = as_of is not None and submitted_at is not None and as_of < submitted_at
    value: str | None = row[column if is_own or older else f"d365_{column}"]
    return value


async def alphabets(connection: Connection, rows: Sequence[Row]) -> Alphabets:
    """The position of each text of `rows` in each alphabet."""
    texts = {_written(row, column) for row in rows for column in WRITTEN} - {None}
    return {
        collation: {
            row["text"]: row["place"]
            for row in await connection.fetch(
                f"""SELECT text, row_number() OVER (ORDER BY text COLLATE "{collation}-x-icu") AS place
                FROM unnest($1::text[]) text""",
                list(texts),
            )
        }
        for collation in Collation
    }


def expected(rows: Sequence[Row], query: ListQuery, alphabets: Alphabets) -> list[str]:
    """The Web Case IDs of the whole list."""

    def value(row: Row) -> Any:
        column = query.sort.column
        if column not in WRITTEN:
            return _LIFE.index(CaseStatus(row["status"])) if column is Column.STATUS else row[column]
        text = _written(row, column)
        place = None if text is None else alphabets[query.sort.collation][text]
        return (ORDER.index(shown(row, "priority") or ""), place) if column is Column.PRIORITY and text else place

    found = [row for row in rows if all(meets(row, query))]
    valued = [row for row in found if value(row) is not None]
    rest = [row for row in found if value(row) is None]
    down = query.sort.descending
    valued.sort(key=lambda row: (value(row), row["created_at"], row["web_case_id"]), reverse=down)
    rest.sort(key=lambda row: (row["created_at"], row["web_case_id"]), reverse=down)
    return [row["web_case_id"] for row in (*valued, *rest)]


def meets(row: Row, query: ListQuery) -> Iterator[bool]:
    """Whether the case meets each condition of `query`."""
    filters = query.filters
    undelivered = row["phase"] == "submitted" and row["case_id"] is None and row["delivered_as"] is None
    yield filters.search is None or _has(row, filters.search.text)
    if filters.words:
        text = folded(f"{shown(row, 'description') or ''}\n{row['notes'] or ''}")
        yield all(word in text for word in filters.words)
    yield not filters.statuses or row["status"] in filters.statuses
    yield filters.category is None or shown(row, "category") == filters.category
    yield filters.priority is None or shown(row, "priority") == filters.priority
    yield filters.created_by is None or (row["created_by"] or "").lower() == filters.created_by.lower()
    yield filters.origin is None or row["origin"] == filters.origin
    yield filters.created_from is None or row["created_at"] >= filters.created_from
    yield filters.created_before is None or row["created_at"] < filters.created_before
    yield filters.undelivered is None or undelivered == filters.undelivered


def _has(row: Row, text: str) -> bool:
    if any(text in one for one in _called(row["status"])):
        return True
    ids = [folded(part) for part in (row["web_case_id"], row["case_id"], row["created_by"]) if part]
    read = text.replace("o", "0").replace("i", "1").replace("l", "1")
    return any(text in one for one in ids) or read in folded(row["web_case_id"])


@cache
def _called(status: str) -> Sequence[str]:
    """A status' labels in every language."""
    return [status, *(labels[CaseStatus(status)].lower() for labels in STATUS_LABELS.values())]


def _written(row: Row, column: Column) -> str | None:
    if column is Column.CREATED_BY:
        return row["created_by"].lower() if row["created_by"] else None
    text = shown(row, column)
    return None if text is None else text[:100].lower()
