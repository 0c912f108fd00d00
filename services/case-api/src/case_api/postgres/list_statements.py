"""The list's one statement, composed of the fragments below (ADR 0026).

It scans the dealer's slice of one index, `cases_listed`: in order until the page is full, or (other sorts) as a whole,
keeping the best rows; then it reads the page's rows by key.
"""

import re
from typing import Any, NamedTuple

from case_api.domain.list_query import WRITTEN, Column, Filters, ListQuery, Place
from case_shared.words.actor import Actor

_COMPARED = 100  # texts are sorted by this many characters: a cursor contains them

# Below, `c` is a case as the index has it, and `r` its row, which is read only if a fragment names it.
# What dealers see (rows.py) comes from D365 once it was read, unless the case moved.
_OWN = "r.read_began_at IS NULL OR r.moved_at IS NOT NULL"
_CATEGORY = f"CASE WHEN {_OWN} THEN r.category ELSE r.d365_category END"
_PRIORITY = f"CASE WHEN {_OWN} THEN r.priority ELSE r.d365_priority END"
_DESCRIPTION = f"CASE WHEN {_OWN} THEN r.description ELSE r.d365_description END"
_SEARCHED = 'searched(c.web_case_id, c.case_id, c.created_by) COLLATE "C"'
_CREATOR = "lower(c.created_by COLLATE pg_c_utf8)"
# In the order of D365's mapping; priorities that it does not name follow, by name.
_POSITION = f"""coalesce((
    SELECT p.position FROM status_sync.priorities p WHERE (p.data_area_id, p.priority) = (r.data_area_id, {_PRIORITY})
), 9999)"""

_ASKED = """
    $1::text AS dealer, $2::text AS part, $3::text AS part_of_id, $4::text[] AS labelled, $5::text[] AS words,
    $6::text[] AS statuses, $7::text AS category, $8::text AS priority,
    lower($9::text COLLATE pg_c_utf8) AS created_by, lower($10::text COLLATE pg_c_utf8) AS my_name,
    $11::text AS my_subject, $12::text AS my_issuer, $13::text AS origin,
    $14::timestamptz AS created_from, $15::timestamptz AS created_before, $16::boolean AS undelivered"""
_CONDITIONS = {
    "created_from": "c.created_at >= asked.created_from",
    "created_before": "c.created_at < asked.created_before",
    "statuses": "c.status = ANY (asked.statuses)",
    "undelivered": "(c.status <> 'draft' AND c.case_id IS NULL) = asked.undelivered",
    "created_by": f"{_CREATOR} = asked.created_by",
    # Values that were not asked for are null, and then not compared.
    "search": f"(c.status = ANY (asked.labelled) OR {_SEARCHED} LIKE asked.part OR {_SEARCHED} LIKE asked.part_of_id)",
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


def page_statement(query: ListQuery, after: Place | None) -> str:
    """Compose the statement for a page of `query` after `after`: empty values come last either way."""
    key, (direction, beyond) = _KEYS[query.sort.column], ("DESC", "<") if query.sort.descending else ("ASC", ">")
    value = f"{key.value} COLLATE list_{query.sort.collation}" if query.sort.column in WRITTEN else key.value
    # Each column once: a sort by `created_at` is the index's own order.
    places = {value: "asked.value", "c.created_at": "asked.after_created_at", "c.web_case_id": "asked.after_id"}
    order = [f"{column} {direction}" for column in places]
    behind = f"({', '.join(places)}) {beyond} ({', '.join(places.values())})"
    if key.nullable:
        order[0] += " NULLS LAST"
        behind = f"({behind} OR {value} IS NULL)"
    if after is None:
        behind = "true"
    elif after.value is None:
        behind = f"{value} IS NULL AND (c.created_at, c.web_case_id) {beyond} (asked.after_created_at, asked.after_id)"
    asked = f"{_ASKED}, $17::{key.type} AS value, $18::timestamptz AS after_created_at, $19::text AS after_id"
    return f"""
        SELECT c.*, page.value AS sort_value,
            s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at
        FROM (
            SELECT c.web_case_id, c.created_at, {value} AS value {_found(query.filters, asked, key, behind, direction)}
            ORDER BY {", ".join(order)} LIMIT $20::integer
        ) page JOIN cases c USING (web_case_id) LEFT JOIN submission_states s USING (web_case_id, submission_no)
        ORDER BY page.value {direction} NULLS LAST, page.created_at {direction}, page.web_case_id {direction}"""


def counts_statement(query: ListQuery) -> str:
    """Compose the statement that counts the cases of each status that `query` finds."""
    return f"SELECT c.status, count(*) {_found(query.filters, _ASKED)} GROUP BY c.status"


def _found(
    filters: Filters, asked: str, key: _Key = _KEYS[Column.CREATED_AT], behind: str = "true", direction: str = "DESC"
) -> str:
    """Compose the FROM clause with the requested cases, each joined with its row if a condition needs it."""
    in_index, in_rows = (
        [condition for name, condition in conditions.items() if getattr(filters, name) not in (None, ())]
        for conditions in (_CONDITIONS, _CONDITIONS_ON_ROWS)
    )
    (in_rows if key.of_row else in_index).append(behind)
    # The ORDER BY keeps the two apart, so that the index alone decides which rows are read.
    return f"""
        FROM (SELECT {asked}) asked CROSS JOIN LATERAL (
            SELECT c.web_case_id, c.created_at, c.status, c.case_id, c.created_by FROM cases c
            WHERE {" AND ".join(["c.dealer = asked.dealer", *in_index])}
            ORDER BY c.created_at {direction}, c.web_case_id {direction}
        ) c {"JOIN cases r USING (web_case_id) WHERE" if in_rows else ""} {" AND ".join(in_rows)}"""


def arguments(query: ListQuery) -> list[Any]:
    """Return the values of `asked`, in the order of their parameters."""
    filters = query.filters
    search, mine = filters.search, filters.mine or Actor("")
    return [
        query.dealer,
        _containing(search.text) if search else None,
        _containing(search.text_of_id) if search and search.text_of_id else None,
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
