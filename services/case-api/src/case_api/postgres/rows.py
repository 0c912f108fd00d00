"""From rows to the domain's objects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from case_api.domain.case import Case, Content, Submission
from case_api.domain.timeline import Change
from case_shared.words.events import SubmissionState

Row = asyncpg.Record | Mapping[str, Any]


def case_of(row: Row) -> Case:
    """Make a case from a row of `cases` joined with its current submission's state."""
    submission = submission_of(row) if row.get("state") is not None else None
    return Case(
        web_case_id=row["web_case_id"],
        case_id=row["case_id"] or (submission.delivered_as if submission else None),
        dealer=row["dealer"],
        status=row["status"],
        # A draft that came back is no longer D365's, and its status does not come from D365.
        status_as_of=None if row["phase"] == "draft" else row["status_as_of"],
        content=_content(row),
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        submitted_at=row["submitted_at"],
        submission=submission,
        submission_no=row["submission_no"],
        origin=row["origin"],
        phase=row["phase"],
        version=row["version"],
        # Missing in what Idempotency-Keys of an earlier version have stored.
        moved_at=row.get("moved_at"),
        deleted_in_d365_at=row.get("deleted_in_d365_at"),
    )


def case_as_added(answer: Mapping[str, Any]) -> Case:
    """Make a case from what an Idempotency-Key has stored: its row as JSON."""
    times = {name: datetime.fromisoformat(answer[name]) for name in ("created_at", "updated_at")}
    return case_of({**answer, **times})


def submission_of(row: Row) -> Submission:
    """Make a submission from a row that has its state."""
    return Submission(
        submission_no=row["submission_no"],
        state=SubmissionState(row["state"]),
        case_id=row["submission_case_id"],
        cause=row["cause"],
        reason=row["reason"],
        submitted_at=row["submitted_at"],
        delivered_at=row["delivered_at"],
        attempts=row["attempts"],
    )


def submission_as_answered(answer: Mapping[str, Any]) -> Submission:
    """Make a submission from what an Idempotency-Key has stored: its row as JSON."""
    return submission_of({**answer, **{name: _time(answer[name]) for name in ("submitted_at", "delivered_at")}})


def change_of(change: Mapping[str, Any]) -> Change:
    """Make a change of a submission from its row as JSON."""
    return Change(
        state=SubmissionState(change["state"]),
        cause=change["cause"],
        reason=change["reason"],
        case_id=change["case_id"],
        at=datetime.fromisoformat(change["at"]),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _content(row: Row) -> Content:
    owner = "" if _is_own(row) else "d365_"
    return Content(
        category=row[f"{owner}category"],
        category_type=row[f"{owner}category_type"],
        priority=row[f"{owner}priority"],
        description=row[f"{owner}description"],
        contact_name=row["contact_name"],
        contact_email=row["contact_email"],
        contact_phone=row["contact_phone"],
        notes=row["notes"],
    )


def _is_own(row: Row) -> bool:
    """Return whether the text is the dealer's, not D365's: what a read has shown counts, even if it is empty.

    Not for a draft that came back, or its next submission before D365 shows that; a moved case is another's there.
    """
    if row["phase"] == "draft" or row["status_as_of"] is None or row.get("moved_at") is not None:
        return True
    return row["submitted_at"] is not None and row["status_as_of"] < row["submitted_at"]
