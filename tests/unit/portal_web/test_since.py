"""Since when a case has its status, by its timeline."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal_web.domain.case_api import CaseDocument, TimelineEntry
from portal_web.web.case_view import _since
from tests.unit.portal_web.test_live import CASE


def entry(day: int, event: str, detail: str | None = None) -> TimelineEntry:
    return TimelineEntry(at=datetime(2026, 1, day, tzinfo=UTC), event=event, detail=detail)


TIMELINE = [
    entry(5, "created"), entry(6, "submitted"), entry(7, "status", "in_process"), entry(8, "status", "closed"),
    entry(9, "reopened", "in_process"), entry(12, "returned", "Which machine?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "known", "day"),
    [
        ("in_process", 5, 9), ("closed", 4, 8), ("submitted", 2, 6), ("in_process", 3, 7),
        ("draft", 1, 5), ("draft", 6, 12), ("open", 5, 6),
    ],
)  # fmt: skip
def test_a_status_is_shown_since_it_was_last_set(status: str, known: int, day: int) -> None:
    fields: dict[str, Any] = {**CASE, "status": status, "created_at": TIMELINE[0].at, "submitted_at": TIMELINE[1].at}
    assert _since(CaseDocument.model_validate(fields), TIMELINE[:known]).day == day
