"""Random lists of a dealer, and what they must show: the same cases searched and sorted in Python."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from case_api.domain.list_query import Column, Filters, ListQuery, Search, Sort
from case_shared.events import CaseStatus
from case_shared.status_labels import STATUS_LABELS

Row = dict[str, Any]
_LIFE = list(CaseStatus)
# The sorts that an index brings in order.
INDEXED = [Column.CREATED_AT, Column.WEB_CASE_ID, Column.CASE_ID, Column.CREATED_BY, Column.STATUS]


@dataclass(frozen=True)
class Lists:
    """Draws lists of `dealer`; `rows` are some of its cases, of which what is typed is taken."""

    dealer: str
    rows: Sequence[Row]
    draw: random.Random
    sorts: Sequence[Column] = tuple(Column)

    def filtered(self) -> ListQuery:
        """Any search with any filters in any order."""
        draw, row = self.draw, self.draw.choice(self.rows)
        chosen = Filters(
            search=Search.parse(self.typed()) if draw.random() < 0.7 else None,
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
        """A search alone, of so many characters at least."""
        typed = next(text for text in iter(self.typed, None) if len(text) >= shortest)
        return ListQuery(self.dealer, Filters(search=Search.parse(typed)), self.sort())

    def short(self) -> ListQuery:
        """A search of one or two characters."""
        search = Search.parse(self.typed()[: self.draw.randint(1, 2)])
        return ListQuery(self.dealer, Filters(search=search), self.sort())

    def sort(self) -> Sort:
        """Newest first, mostly."""
        if self.draw.random() < 0.6:
            return Sort()
        return Sort(self.draw.choice(self.sorts), self.draw.random() < 0.5)

    def typed(self) -> str:
        """A part of an id, of a user's name, of a label; or what there is not."""
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
    value: str | None = row[column] if row["read_began_at"] is None else row[f"d365_{column}"]
    return value


def expected(rows: Sequence[Row], query: ListQuery) -> list[str]:
    """The Web Case IDs of the whole list."""
    found = [row for row in rows if all(meets(row, query))]
    valued = [row for row in found if _value(row, query.sort.column) is not None]
    rest = [row for row in found if _value(row, query.sort.column) is None]
    down = query.sort.descending
    valued.sort(key=lambda row: (_value(row, query.sort.column), row["created_at"], row["web_case_id"]), reverse=down)
    rest.sort(key=lambda row: (row["created_at"], row["web_case_id"]), reverse=down)
    return [row["web_case_id"] for row in (*valued, *rest)]


def meets(row: Row, query: ListQuery) -> Iterator[bool]:
    """Each thing that `query` asks of a case."""
    filters = query.filters
    undelivered = row["phase"] == "submitted" and row["case_id"] is None
    yield filters.search is None or _has(row, filters.search.text)
    yield not filters.statuses or row["status"] in filters.statuses
    yield filters.category is None or shown(row, "category") == filters.category
    yield filters.priority is None or shown(row, "priority") == filters.priority
    yield filters.created_by is None or (row["created_by"] or "").lower() == filters.created_by.lower()
    yield filters.origin is None or row["origin"] == filters.origin
    yield filters.created_from is None or row["created_at"] >= filters.created_from
    yield filters.created_before is None or row["created_at"] < filters.created_before
    yield filters.undelivered is None or undelivered == filters.undelivered


def _has(row: Row, text: str) -> bool:
    ids = [part.lower() for part in (row["web_case_id"], row["case_id"]) if part]
    words = [row["status"], *(labels[CaseStatus(row["status"])].lower() for labels in STATUS_LABELS.values())]
    users = [row["created_by"].lower()] if row["created_by"] else []
    read = text.replace("o", "0").replace("i", "1").replace("l", "1")
    if sum(map(str.isalnum, text)) < 3:
        return any(one.startswith(text) for one in (*ids, *words, *users)) or any(one.startswith(read) for one in ids)
    return any(text in one for one in (*ids, *words, *users)) or any(read in one for one in ids)


def _value(row: Row, column: Column) -> Any:
    if column is Column.STATUS:
        return _LIFE.index(CaseStatus(row["status"]))
    if column in (Column.CATEGORY, Column.PRIORITY, Column.DESCRIPTION):
        text = shown(row, column)
        return None if text is None else text[:100].lower()
    value = row[column]
    return value.lower() if column is Column.CREATED_BY and value is not None else value
