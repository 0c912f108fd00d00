"""The life of a case as a list: who did what, when, what D365 answered, how long each stage took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from case_api.domain.case import Case, Submission
from case_shared.events import SubmissionState


@dataclass(frozen=True, slots=True)
class PastSubmission:
    """A submission with what the timeline tells of it; `content` is what was submitted, None once emptied."""

    submission: Submission
    submitted_by: str
    content: dict[str, Any] | None
    sent_at: datetime | None
    state_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened; `duration_seconds` since the stage before it, None where none is known."""

    at: datetime
    event: str
    by: str | None = None
    detail: str | None = None
    submission_no: int | None = None
    content: dict[str, Any] | None = None
    duration_seconds: float | None = None


def timeline(case: Case, submissions: Sequence[PastSubmission]) -> list[Entry]:
    """All that is known to have happened to `case`, oldest first."""
    entries = [Entry(case.created_at, "created", case.created_by, _origin(case))]
    for past in submissions:
        entries += _stages(past)
    if case.status_as_of is not None and case.phase != "draft":
        entries.append(Entry(case.status_as_of, "status", "D365", case.status))
    # Stable: what happened at the same moment stays in the order of the stages.
    return sorted(entries, key=lambda entry: entry.at)


def _origin(case: Case) -> str | None:
    return "The case was made in D365." if case.origin == "d365" else None


def _stages(past: PastSubmission) -> Iterator[Entry]:
    number, submission = past.submission.submission_no, past.submission
    submitted_at = submission.submitted_at
    yield Entry(submitted_at, "submitted", past.submitted_by, _emptied(past), number, past.content)
    if past.sent_at is not None:
        yield Entry(past.sent_at, "sent", submission_no=number, duration_seconds=_seconds(submitted_at, past.sent_at))
    for attempt in submission.attempts:
        yield _attempt(attempt, number)
    if past.state_at is not None and submission.state not in {SubmissionState.PENDING, SubmissionState.DELIVERING}:
        yield _state(past, past.state_at)


def _emptied(past: PastSubmission) -> str | None:
    return "What was submitted is not kept any longer." if past.content is None else None


def _attempt(attempt: dict[str, Any], number: int) -> Entry:
    started = datetime.fromisoformat(attempt["started"])
    ended = datetime.fromisoformat(attempt["ended"]) if attempt.get("ended") else None
    duration = _seconds(started, ended) if ended else None
    return Entry(started, "attempt", None, attempt.get("outcome"), number, duration_seconds=duration)


def _state(past: PastSubmission, at: datetime) -> Entry:
    submission = past.submission
    detail = submission.case_id if submission.state is SubmissionState.DELIVERED else submission.reason
    took = _seconds(submission.submitted_at, at)
    return Entry(at, submission.state.value, None, detail, submission.submission_no, duration_seconds=took)


def _seconds(start: datetime, end: datetime) -> float:
    return round(max((end - start).total_seconds(), 0.0), 3)
