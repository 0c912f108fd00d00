"""The life of a case as a list: who did what, when, what D365 answered, how long each stage took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from case_api.domain.case import ENDED, Case, Submission
from case_shared.words.events import SubmissionState

# Operators' names are not for dealers.
SUPPORT = "support"
D365 = "D365"
_AT_AN_END = frozenset({"closed", "canceled"})
_LINKED = "linked"
_LOST = "lost_in_d365"
_LOST_DETAIL = "D365 was restored to an earlier time and no longer has the case. Casebridge is sending it again."


@dataclass(frozen=True, slots=True)
class Change:
    """A submission ended, or left its end again."""

    state: SubmissionState
    cause: str | None
    reason: str | None
    case_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """A status that D365 gave a case, and when the read began that first showed it."""

    status: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class PastSubmission:
    """A submission with what the timeline shows of it; `content` is what was submitted, None once emptied."""

    submission: Submission
    submitted_by: str
    content: dict[str, Any] | None
    sent_at: datetime | None
    state_at: datetime | None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An event; `duration_seconds`: since the previous stage, or an attempt's own; None if unknown."""

    at: datetime
    event: str
    by: str | None = None
    detail: str | None = None
    submission_no: int | None = None
    content: dict[str, Any] | None = None
    duration_seconds: float | None = None


def timeline(case: Case, submissions: Sequence[PastSubmission], statuses: Sequence[Status]) -> list[Entry]:
    """Return all that is known to have happened to `case`, oldest first."""
    entries = [Entry(case.created_at, "created", case.created_by, _origin(case))]
    for past in submissions:
        entries += _stages(past)
    losses = [change.at for past in submissions for change in _changes(past) if change.cause == _LOST]
    entries += _statuses(case, statuses, losses)
    entries += _left(case)
    # Stable: events of the same moment stay in the order of the stages.
    return sorted(entries, key=lambda entry: entry.at)


def _origin(case: Case) -> str | None:
    return "The case was created in D365." if case.origin == "d365" else None


def _stages(past: PastSubmission) -> Iterator[Entry]:
    number, submission = past.submission.submission_no, past.submission
    submitted_at = submission.submitted_at
    yield Entry(submitted_at, "submitted", past.submitted_by, _emptied(past), number, past.content)
    attempts = [_attempt(attempt, number) for attempt in submission.attempts]
    if past.sent_at is not None:
        # It is noted once Kafka has the record, and d365-sync may have been faster.
        sent_at = min([past.sent_at, *(attempt.at for attempt in attempts)])
        yield Entry(sent_at, "sent", submission_no=number, duration_seconds=_seconds(submitted_at, sent_at))
    yield from attempts
    before = Change(SubmissionState.PENDING, None, None, None, submitted_at)
    for change in _changes(past):
        for event, by, detail in _events_of(before, change):
            yield Entry(change.at, event, by, detail, number, duration_seconds=_seconds(before.at, change.at))
        before = change


def _changes(past: PastSubmission) -> Sequence[Change]:
    """Return the changes that were noted, and the current state if it is not among them and says something."""
    now = past.submission
    known = past.changes[-1].state if past.changes else SubmissionState.PENDING
    silent = {SubmissionState.PENDING, SubmissionState.DELIVERING, known}
    if past.state_at is None or now.state in silent:
        return past.changes
    return (*past.changes, Change(now.state, now.cause, now.reason, now.case_id, past.state_at))


def _events_of(before: Change, change: Change) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield the events in a change: each one's name, who did it, and its detail."""
    match change.state:
        case SubmissionState.DELIVERED:
            # D365 can give a linked case another number; then support has not linked it again.
            if change.cause == _LINKED and before.cause != _LINKED:
                yield "linked", SUPPORT, change.reason
            yield "delivered", None, change.case_id
        case SubmissionState.RETURNED | SubmissionState.DISCARDED:
            yield change.state.value, SUPPORT, change.reason
        case SubmissionState.FAILED:
            if before.state is SubmissionState.DISCARDED:
                yield "restored", SUPPORT, change.reason
            else:
                yield "failed", None, change.reason
        case (
            SubmissionState.PENDING
            | SubmissionState.DELIVERING
            | SubmissionState.VERIFYING
            | SubmissionState.DEFERRED as state
        ):
            # Only an operator restarts a submission that has ended.
            if before.state in ENDED:
                yield "replayed", SUPPORT, _LOST_DETAIL if change.cause == _LOST else None
            else:
                yield state.value, None, change.reason
        case other:
            assert_never(other)


def _statuses(case: Case, statuses: Sequence[Status], losses: Sequence[datetime]) -> Iterator[Entry]:
    """Yield each status once, with how long the previous one lasted; one after an end: D365's staff reopened it.

    `losses`: when D365 had lost the case. What it shows after that is another record's: it continues nothing.
    """
    known = list(statuses)
    if not known and case.status_as_of is not None and case.phase != "draft":
        known = [Status(case.status, case.status_as_of)]  # read before statuses were noted
    before: Status | None = None
    for status in known:
        if before is not None and any(before.as_of < lost_at <= status.as_of for lost_at in losses):
            before = None
        # A case born in D365 that was merged into ours has brought its statuses along.
        if before is not None and before.status == status.status:
            continue
        lasted = _seconds(before.as_of, status.as_of) if before else None
        is_reopened = before is not None and before.status in _AT_AN_END and status.status not in _AT_AN_END
        event = "reopened" if is_reopened else "status"
        yield Entry(status.as_of, event, D365, status.status, duration_seconds=lasted)
        before = status


def _left(case: Case) -> Iterator[Entry]:
    """Yield since when nothing more comes from D365."""
    if case.moved_at is not None:
        yield Entry(case.moved_at, "moved", D365)
    if case.deleted_in_d365_at is not None:
        yield Entry(case.deleted_in_d365_at, "deleted_in_d365", D365)


def _emptied(past: PastSubmission) -> str | None:
    return "The submitted content is no longer stored." if past.content is None else None


def _attempt(attempt: dict[str, Any], number: int) -> Entry:
    started = datetime.fromisoformat(attempt["started"])
    ended = datetime.fromisoformat(attempt["ended"]) if attempt.get("ended") else None
    duration = _seconds(started, ended) if ended else None
    return Entry(started, "attempt", None, attempt.get("outcome"), number, duration_seconds=duration)


def _seconds(start: datetime, end: datetime) -> float:
    return round(max((end - start).total_seconds(), 0.0), 3)
