"""How lists are ordered in SQL: a key of the sort's column, the creation and the Web Case ID, in segments."""

from dataclasses import dataclass
from typing import NamedTuple

from case_api.domain.list_query import Column, Place, Sort
from case_shared.events import CaseStatus

STATUSES = list(CaseStatus)  # a status's place in it is its `status_order`
STATUS = "status_order(c.status)"
CREATOR = "lower(c.created_by COLLATE pg_c_utf8)"
IDS = "searched_ids(c.web_case_id, c.case_id)"
# So much of a text is compared; a cursor holds it.
_COMPARED = 100


def shown(column: str) -> str:
    """What dealers see of category, priority and description: D365's once D365 was read (rows.py)."""
    return f"CASE WHEN c.read_began_at IS NULL THEN c.{column} ELSE c.d365_{column} END"


@dataclass(frozen=True, slots=True)
class Key:
    """A column's value over `c`, its type, whether it may be null, and whether an index brings it in order."""

    value: str
    type: str = "text"
    nullable: bool = True
    indexed: bool = False
    ties: tuple[str, ...] = ("c.created_at", "c.web_case_id")


def _text(column: str) -> Key:
    return Key(f"lower(left({shown(column)}, {_COMPARED}) COLLATE pg_c_utf8)")


KEYS = {
    Column.WEB_CASE_ID: Key("c.web_case_id", nullable=False, indexed=True, ties=()),
    Column.CASE_ID: Key("c.case_id", indexed=True),
    Column.STATUS: Key(STATUS, "smallint", nullable=False, indexed=True),
    Column.CATEGORY: _text("category"),
    Column.PRIORITY: _text("priority"),
    Column.DESCRIPTION: _text("description"),
    Column.CREATED_BY: Key(CREATOR, indexed=True),
    Column.CREATED_AT: Key("c.created_at", "timestamptz", nullable=False, indexed=True, ties=("c.web_case_id",)),
    Column.UPDATED_AT: Key("c.updated_at", "timestamptz", nullable=False),
    Column.SUBMITTED_AT: Key("c.submitted_at", "timestamptz"),
}


class Segment(NamedTuple):
    """The cases that have a value of the sort's column (or none), from behind `after`, in one direction."""

    sort: Sort
    after: Place | None
    has_value: bool

    @property
    def key(self) -> Key:
        """The sort's."""
        return KEYS[self.sort.column]

    @property
    def direction(self) -> str:
        """In SQL."""
        return "DESC" if self.sort.descending else "ASC"

    def order(self) -> str:
        """For ORDER BY; null is no part of an index's order where it may not be."""
        columns = [self.key.value, *self.key.ties] if self.has_value else [*self.key.ties]
        return ", ".join(f"{column} {self.direction}" for column in columns)

    def order_of_status(self) -> str:
        """The order of the rows `x` of one status."""
        return f"x.created_at {self.direction}, x.web_case_id {self.direction}"

    def order_of_found(self) -> str:
        """The same where the value is called `value`."""
        return ", ".join(f"{column} {self.direction}" for column in ("value", "created_at", "web_case_id"))

    def conditions(self, place: list[str]) -> list[str]:
        """What holds of its cases; `place` are the parameters of `after`: value, creation, Web Case ID."""
        found = [f"{self.key.value} IS {'NOT ' if self.has_value else ''}NULL"] if self.key.nullable else []
        if self.after is None:
            return found
        value, created_at, web_case_id = place
        names = {"c.created_at": f"{created_at}::timestamptz", "c.web_case_id": f"{web_case_id}::text"}
        columns = [*self.key.ties]
        bounds = [names[tie] for tie in self.key.ties]
        if self.has_value:
            columns, bounds = [self.key.value, *columns], [f"{value}::{self.key.type}", *bounds]
        return [*found, f"({', '.join(columns)}) {'<' if self.sort.descending else '>'} ({', '.join(bounds)})"]


def segments(sort: Sort, after: Place | None) -> list[Segment]:
    """In this order they make the list, from behind `after`: what has no value comes last, both ways."""
    if not KEYS[sort.column].nullable:
        return [Segment(sort, after, has_value=True)]
    if after is not None and after.value is None:
        return [Segment(sort, after, has_value=False)]
    return [Segment(sort, after, has_value=True), Segment(sort, None, has_value=False)]
