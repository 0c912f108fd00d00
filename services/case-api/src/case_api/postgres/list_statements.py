"""The list's one statement, composed of the fragments below (ADR 0026).

It scans the dealer's slice of one index, `cases_listed`: in order until the page is full, or (other sorts) as a whole,
keeping the best rows; then it reads the page's rows by key. For other sorts, a full page from each end of the slice
comes first: what comes after its last case cannot be on the page, and is neither searched nor sorted.
"""

import re
from typing import Any, NamedTuple

from case_api.domain.list_query import WRITTEN, Column, Filters, ListQuery, Place, Sort
from case_shared.words.actor import Actor

_COMPARED = 100  # texts are sorted by this many characters: a cursor contains them
_END = "LIMIT 300"  # how much of the slice is one of its ends

# Below, `c` is a case as the index has it, and `r` its row, which is read only if a fragment names it.
# What dealers see (rows.py, _is_own): their own text, or what D365 has shown of this submission.
_OWN = "r.phase = 'draft' OR r.status_as_of IS NULL OR r.status_as_of < r.submitted_at OR r.moved_at IS NOT NULL"
_CATEGORY = f"CASE WHEN {_OWN} THEN r.category ELSE r.d365_category END"
_PRIORITY = f"CASE WHEN {_OWN} THEN r.priority ELSE r.d365_priority END"
_DESCRIPTION = f"CASE WHEN {_OWN} THEN r.description ELSE r.d365_description END"
# Asked only of cases without a Case ID: delivered, their submission has one that status-sync has yet to store.
_STATE = """(
    SELECT s.state FROM cases own JOIN submission_states s USING (web_case_id, submission_no)
    WHERE own.web_case_id = c.web_case_id
)"""
_SEARCHED = 'searched(c.web_case_id, c.case_id, c.created_by) COLLATE "C"'
_CREATOR = "lower(c.created_by COLLATE pg_c_utf8)"
# In the order of D365's mapping; priorities that it does not name follow, by name.
_POSITION = f"""coalesce((
    SELECT p.position FROM status_sync.priorities p WHERE (p.data_area_id, p.priority) = (r.data_area_id, {_PRIORITY})
), 9999)"""

_ASKED = """
    $1::text AS dealer, $2::text AS part, $3::text AS part_of_id, $4::text[] AS labeled, $5::text[] AS words,
    $6::text[] AS statuses, $7::text AS category, $8::text AS priority,
    lower($9::text COLLATE pg_c_utf8) AS created_by, lower($10::text COLLATE pg_c_utf8) AS my_name,
    $11::text AS my_subject, $12::text AS my_issuer, $13::text AS origin,
    $14::timestamptz AS created_from, $15::timestamptz AS created_before, $16::boolean AS undelivered"""
_CONDITIONS = {
    "created_from": "c.created_at >= asked.created_from",
    "created_before": "c.created_at < asked.created_before",
    "statuses": "c.status = ANY (asked.statuses)",
    "undelivered": f"(c.status <> 'draft' AND c.case_id IS NULL AND {_STATE} IS DISTINCT FROM 'delivered')"
    " = asked.undelivered",
    "created_by": f"{_CREATOR} = asked.created_by",
    # Values that were not asked for are null, and then not compared.
    "search": "(c.status = ANY (asked.labeled) OR c.searched LIKE asked.part OR c.web_case_id LIKE asked.part_of_id)",
}
_CONDITIONS_ON_ROWS = {
    "category": f"{_CATEGORY} = asked.category",
    "priority": f"{_PRIORITY} = asked.priority",
    "origin": "r.origin = asked.origin",
    # By issuer and subject: a name can change. Rows from before subjects were stored have only the name.
    "mine": "(r.created_by_subject = asked.my_subject AND r.created_by_issuer = asked.my_issuer"
    f" OR r.created_by_subject IS NULL AND {_CREATOR} = asked.my_name)",
    "words": f"folded(concat_ws(chr(10), {_DESCRIPTION}, r.notes)) LIKE ALL (asked.words)",
}


class _Key(NamedTuple):
    """What a list is sorted by, its type, whether a case may lack it, and whether its row must be read."""

    value: str
    type: str = "text"
    nullable: bool = True
    of_row: bool = False


_KEYS = {
    Column.WEB_CASE_ID: _Key("c.web_case_id", nullable=False),
    Column.CASE_ID: _Key("c.case_id"),
    Column.STATUS: _Key("status_order(c.status)", "smallint", nullable=False),
    Column.CATEGORY: _Key(f"left({_CATEGORY}, {_COMPARED})", of_row=True),
    Column.PRIORITY: _Key(f"(lpad({_POSITION}::text, 4, '0') || left({_PRIORITY}, {_COMPARED}))", of_row=True),
    Column.DESCRIPTION: _Key(f"left({_DESCRIPTION}, {_COMPARED})", of_row=True),
    Column.CREATED_BY: _Key("c.created_by"),
    Column.CREATED_AT: _Key("c.created_at", "timestamptz", nullable=False),
    Column.UPDATED_AT: _Key("r.updated_at", "timestamptz", nullable=False, of_row=True),
    Column.SUBMITTED_AT: _Key("r.submitted_at", "timestamptz", of_row=True),
}
_BY_TIME = _KEYS[Column.CREATED_AT]


class _Order:
    """How a list is sorted: by `value`, then by time and Web Case ID; empty values come last either way."""

    def __init__(self, sort: Sort) -> None:
        """Compose what the parts of a statement have in common."""
        self.key = _KEYS[sort.column]
        self.direction, self.beyond, self.up_to = ("DESC", "<", ">=") if sort.descending else ("ASC", ">", "<=")
        self.value = f"{self.key.value} COLLATE list_{sort.collation}" if sort.column in WRITTEN else self.key.value
        # Each column once: a sort by `created_at` is the index's own order.
        self.places = {
            self.value: "asked.value",
            "c.created_at": "asked.after_created_at",
            "c.web_case_id": "asked.after_id",
        }
        self.is_of_index = self.value == "c.created_at"

    def by(self, *columns: str) -> str:
        """Compose the ORDER BY clause over `columns`."""
        first, *others = (f"{column} {self.direction}" for column in columns)
        return "ORDER BY " + ", ".join([f"{first} NULLS LAST" if self.key.nullable else first, *others])

    def behind(self, after: Place | None) -> str:
        """Compose the condition for what comes after `after`."""
        if after is None:
            return "true"
        if after.value is None:
            later = f"(c.created_at, c.web_case_id) {self.beyond} (asked.after_created_at, asked.after_id)"
            return f"{self.value} IS NULL AND {later}"
        later = f"({', '.join(self.places)}) {self.beyond} ({', '.join(self.places.values())})"
        return f"({later} OR {self.value} IS NULL)" if self.key.nullable else later

    def not_behind(self, last: str) -> str:
        """Compose the condition for what is not behind the one row of `last`, if that has a value."""
        columns = ", ".join(("value", "created_at", "web_case_id")[: len(self.places)])
        up_to = f"({', '.join(self.places)}) {self.up_to} (SELECT {columns} FROM {last})"
        return f"((SELECT value FROM {last}) IS NULL OR {up_to})"


def page_statement(query: ListQuery, after: Place | None) -> str:
    """Compose the statement for a page of `query` after `after`."""
    order = _Order(query.sort)
    of_page = order.by("page.value", "page.created_at", "page.web_case_id")
    asked = f"{_ASKED}, $17::{order.key.type} AS value, $18::timestamptz AS after_created_at, $19::text AS after_id"

    def found(direction: str, end: str = "", within: str = "true") -> str:
        cases = _found(query.filters, asked, order.key, order.behind(after), direction, end)
        columns = f"c.web_case_id, c.created_at, {order.value} AS value"
        return f"SELECT {columns} {cases} AND {within} {order.by(*order.places)}"

    last, within = "", "true"
    if not (order.is_of_index or order.key.of_row):
        ends = [f"({found(direction, _END)} OFFSET $20::integer - 1 LIMIT 1)" for direction in ("ASC", "DESC")]
        last = f"WITH last AS MATERIALIZED (SELECT * FROM ({' UNION ALL '.join(ends)}) page {of_page} LIMIT 1)"
        within = order.not_behind("last")
    return f"""
        {last}
        SELECT c.*, page.value AS sort_value,
            s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at
        FROM ({found(order.direction, within=within)} LIMIT $20::integer) page
            JOIN cases c USING (web_case_id) LEFT JOIN submission_states s USING (web_case_id, submission_no)
        {of_page}"""


def counts_statement(query: ListQuery) -> str:
    """Compose the statement that counts the cases of each status that `query` finds."""
    return f"SELECT c.status, count(*) {_found(query.filters, _ASKED)} GROUP BY c.status"


def _found(
    filters: Filters, asked: str, key: _Key = _BY_TIME, behind: str = "true", direction: str = "DESC", end: str = ""
) -> str:
    """Compose the FROM clause with the requested cases, each joined with its row if a condition needs it.

    `end`: which part of the slice, in `direction`; all of it if empty.
    """
    in_index, in_rows = (
        [condition for name, condition in conditions.items() if getattr(filters, name) not in (None, ())]
        for conditions in (_CONDITIONS, _CONDITIONS_ON_ROWS)
    )
    (in_rows if key.of_row else in_index).append(behind)
    # The ORDER BY keeps the two apart, so that the index alone decides which rows are read.
    return f"""
        FROM (SELECT {asked}) asked CROSS JOIN LATERAL (
            SELECT c.web_case_id, c.created_at, c.status, c.case_id, c.created_by, {_SEARCHED} AS searched
            FROM cases c WHERE c.dealer = asked.dealer
            ORDER BY c.created_at {direction}, c.web_case_id {direction} {end}
        ) c {"JOIN cases r USING (web_case_id)" if in_rows else ""} WHERE {" AND ".join([*in_index, *in_rows])}"""


def arguments(query: ListQuery) -> list[Any]:
    """Return the values of `asked`, in the order of their parameters."""
    filters = query.filters
    search, mine = filters.search, filters.mine or Actor("")
    return [
        query.dealer,
        _containing(search.text) if search else None,
        _containing(search.part_of_id) if search and search.part_of_id else None,
        (search.statuses or None) if search else None,
        [_containing(word) for word in filters.words],
        filters.statuses,
        filters.category,
        filters.priority,
        filters.created_by,
        *mine,
        filters.origin,
        filters.created_from,
        filters.created_before,
        filters.undelivered,
    ]


def _containing(text: str) -> str:
    """Return a LIKE pattern that matches texts containing `text` literally."""
    literal = re.sub(r"([\\%_])", r"\\\1", text)
    return f"%{literal}%"
