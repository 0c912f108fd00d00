"""A case as a line of a spreadsheet."""

from collections.abc import Sequence

from case_api.domain.case import Case
from case_shared.words.spreadsheets import Cell

COLUMNS = (
    "web_case_id", "case_id", "status", "category", "category_type", "priority", "description", "created_by",
    "created_at", "updated_at", "submitted_at", "submission_state", "origin",
    "moved_at", "deleted_in_d365_at",
)  # fmt: skip
TIMES = frozenset({"created_at", "updated_at", "submitted_at", "moved_at", "deleted_in_d365_at"})


def cells(case: Case) -> Sequence[Cell]:
    """Return the cells of a case, in the order of COLUMNS."""
    content = case.content
    return (
        case.web_case_id, case.case_id, case.status, content.category, content.category_type, content.priority,
        content.description, case.created_by, case.created_at, case.updated_at, case.submitted_at,
        case.submission.state if case.submission else None, case.origin,
        case.moved_at, case.deleted_in_d365_at,
    )  # fmt: skip
