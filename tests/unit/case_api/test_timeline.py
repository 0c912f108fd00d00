"""The timeline as a table of stages."""

from datetime import UTC, datetime, timedelta
from typing import Any

from case_api.domain.case import Case, Content, Submission
from case_api.domain.timeline import PastSubmission, timeline
from case_shared.events import SubmissionState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def case(**fields: Any) -> Case:
    known: dict[str, Any] = {
        "web_case_id": "W000000000",
        "case_id": None,
        "dealer": "usmf-us-001",
        "status": "draft",
        "status_as_of": None,
        "content": Content(),
        "created_by": "ann",
        "created_at": NOON,
        "updated_at": NOON,
        "submitted_at": None,
        "submission": None,
        "submission_no": 0,
        "origin": "portal",
        "phase": "draft",
        "version": 1,
    }
    return Case(**(known | fields))


def past(state: SubmissionState, **fields: Any) -> PastSubmission:
    known: dict[str, Any] = {
        "submission_no": 1,
        "case_id": None,
        "cause": None,
        "reason": None,
        "submitted_at": at(10),
        "delivered_at": None,
        "attempts": [],
    }
    return PastSubmission(Submission(state=state, **(known | fields)), "bob", {"category": "Parts"}, at(11), at(20))


def test_a_draft_was_created_and_no_more() -> None:
    (entry,) = timeline(case(), [])
    assert (entry.at, entry.event, entry.by) == (NOON, "created", "ann")


def test_each_stage_tells_how_long_it_took() -> None:
    attempts = [
        {"started": at(12).isoformat(), "ended": at(14).isoformat(), "outcome": "unknown"},
        {"started": at(15).isoformat(), "ended": None, "outcome": None},
    ]
    delivered = past(SubmissionState.DELIVERED, case_id="C-1", attempts=attempts)
    submitted = case(phase="submitted", status="open", status_as_of=at(60), case_id="C-1")
    found = [(e.event, e.by, e.detail, e.duration_seconds) for e in timeline(submitted, [delivered])]
    assert found == [
        ("created", "ann", None, None),
        ("submitted", "bob", None, None),
        ("sent", None, None, 1.0),
        ("attempt", None, "unknown", 2.0),
        ("attempt", None, None, None),
        ("delivered", None, "C-1", 10.0),
        ("status", "D365", "open", None),
    ]


def test_what_is_under_way_has_no_end() -> None:
    for state in (SubmissionState.PENDING, SubmissionState.DELIVERING):
        assert [entry.event for entry in timeline(case(phase="submitted"), [past(state)])] == [
            "created",
            "submitted",
            "sent",
        ]


def test_a_return_tells_its_reason_and_the_next_submission_follows() -> None:
    first = past(SubmissionState.RETURNED, reason="Which machine?")
    second = past(SubmissionState.FAILED, submission_no=2, submitted_at=at(30), reason="Refused")
    second = PastSubmission(second.submission, "ann", {}, None, at(40))
    entries = timeline(case(), [first, second])
    assert [(e.event, e.submission_no, e.detail) for e in entries[3:]] == [
        ("returned", 1, "Which machine?"),
        ("submitted", 2, None),
        ("failed", 2, "Refused"),
    ]


def test_clocks_that_differ_give_no_negative_duration() -> None:
    early = PastSubmission(past(SubmissionState.DELIVERED).submission, "bob", {}, at(9), at(8))
    assert min(e.duration_seconds for e in timeline(case(), [early]) if e.duration_seconds is not None) == 0
