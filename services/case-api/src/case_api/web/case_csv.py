"""Cases as CSV (RFC 4180), such that spreadsheets open it as it is meant: UTF-8 with a mark, and no formulas."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from case_api.domain.case import Case

COLUMNS = (
    "web_case_id", "case_id", "status", "category", "category_type", "priority", "description", "created_by",
    "created_at", "updated_at", "submitted_at", "submission_state", "origin",
)  # fmt: skip
_MARK = "\N{BOM}"
# Spreadsheets run what begins so, some after blanks (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def header() -> bytes:
    """The first line."""
    return (_MARK + _written([COLUMNS])).encode()


def lines(cases: Sequence[Case]) -> bytes:
    """A line a case."""
    return _written([[_cell(value) for value in _values(case)] for case in cases]).encode()


def _values(case: Case) -> Sequence[str | datetime | None]:
    content = case.content
    return (
        case.web_case_id, case.case_id, case.status, content.category, content.category_type, content.priority,
        content.description, case.created_by, case.created_at, case.updated_at, case.submitted_at,
        case.submission.state if case.submission else None, case.origin,
    )  # fmt: skip


def _cell(value: str | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
