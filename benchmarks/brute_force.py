"""A list by a plain look at every case of the dealer, written independently of what it must prove."""

from typing import Any

from case_api.domain.list_query import Column, ListQuery
from case_shared.words.events import CaseStatus
from case_shared.words.status_labels import STATUS_LABELS

_OWN = "phase = 'draft' OR status_as_of IS NULL OR status_as_of < submitted_at OR moved_at IS NOT NULL"
_SHOWN = f"CASE WHEN {_OWN} THEN {{0}} ELSE d365_{{0}} END"
_ORDER = ", ".join(f"'{status}'" for status in CaseStatus)
_VALUES = {
    Column.STATUS: f"array_position(ARRAY[{_ORDER}], status)",
    Column.CREATED_BY: "lower(created_by COLLATE pg_c_utf8)",
    **{
        column: f"lower(left({_SHOWN.format(column)}, 100) COLLATE pg_c_utf8)"
        for column in (Column.CATEGORY, Column.PRIORITY, Column.DESCRIPTION)
    },
}
_SEARCHED = """
    ($2::text IS NULL
    OR web_case_id ILIKE $2 OR case_id ILIKE $2 OR created_by ILIKE $2 OR status = ANY ($3)
    OR web_case_id ILIKE $4)
    AND ($5::text[] = '{}' OR status = ANY ($5)) AND ($6::text IS NULL OR %(category)s = $6)
    AND ($7::text IS NULL OR %(priority)s = $7) AND ($8::text IS NULL OR created_by ILIKE $8)
    AND ($9::text IS NULL OR origin = $9) AND ($10::timestamptz IS NULL OR created_at >= $10)
    AND ($11::timestamptz IS NULL OR created_at < $11)
    AND ($12::boolean IS NULL OR $12 = (phase = 'submitted' AND case_id IS NULL AND NOT EXISTS (
        SELECT FROM case_api.submission_states s
        WHERE s.web_case_id = c.web_case_id AND s.submission_no = c.submission_no AND s.state = 'delivered'
    )))
    AND concat_ws(' ', %(description)s, notes) ILIKE ALL ($13)
""" % {name: _SHOWN.format(name) for name in ("category", "priority", "description")}


async def brute_force(connection: Any, query: ListQuery, limit: int) -> list[str]:
    """Return the first Web Case IDs of the list."""
    filters, sort = query.filters, query.sort
    text = filters.search.text if filters.search else None
    direction = "DESC" if sort.descending else "ASC"
    value = _VALUES.get(sort.column, str(sort.column))
    rows = await connection.fetch(
        f"SELECT web_case_id FROM case_api.cases c WHERE dealer = $1 AND {_SEARCHED}"
        f" ORDER BY {value} {direction} NULLS LAST, created_at {direction}, web_case_id {direction} LIMIT {limit}",
        query.dealer, _pattern(text), _statuses(text), _pattern(_read_as_id(text)), filters.statuses, filters.category,
        filters.priority, _literal(filters.created_by), filters.origin, filters.created_from, filters.created_before,
        filters.undelivered, [_pattern(word) for word in filters.words],
    )  # fmt: skip
    return [row["web_case_id"] for row in rows]


def _pattern(text: str | None) -> str | None:
    return None if text is None else f"%{_literal(text)}%"


def _literal(text: str | None) -> str | None:
    return None if text is None else text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _read_as_id(text: str | None) -> str | None:
    return None if text is None else text.replace("o", "0").replace("i", "1").replace("l", "1")


def _statuses(text: str | None) -> list[str]:
    if text is None:
        return []
    words = {status: [status, *(labels[status] for labels in STATUS_LABELS.values())] for status in CaseStatus}
    return [status for status, names in words.items() if any(text in name.lower() for name in names)]
