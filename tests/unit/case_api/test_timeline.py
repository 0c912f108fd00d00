"""The timeline as a table of stages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from case_api.domain.case import Case, Content, Submission
from case_api.domain.timeline import Change, PastSubmission, Status, timeline
from case_shared.words.events import SubmissionState as S

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


def past(state: S, *changes: Change, **fields: Any) -> PastSubmission:
    known: dict[str, Any] = {
        "submission_no": 1,
        "case_id": None,
        "cause": None,
        "reason": None,
        "submitted_at": at(10),
        "delivered_at": None,
        "attempts": [],
    }
    submission = Submission(state=state, **(known | fields))
    return PastSubmission(submission, "bob", {"category": "Parts"}, at(11), at(20), changes)


def change(state: S, seconds: float, **fields: Any) -> Change:
    known: dict[str, Any] = {"cause": None, "reason": None, "case_id": None}
    return Change(state=state, at=at(seconds), **(known | fields))


def test_a_draft_was_created_and_no_more() -> None:
    (entry,) = timeline(case(), [], [])
    assert (entry.at, entry.event, entry.by) == (NOON, "created", "ann")


def test_handing_over_comes_before_the_first_attempt_though_it_is_noted_later() -> None:
    attempts = [{"started": at(10.4).isoformat(), "ended": at(10.8).isoformat(), "outcome": "delivered"}]
    delivered = past(S.DELIVERED, case_id="C-1", attempts=attempts)
    _, _, sent, attempt, *_ = timeline(case(), [delivered], [])
    assert [(e.event, e.at, e.duration_seconds) for e in (sent, attempt)] == [
        ("sent", at(10.4), 0.4),
        ("attempt", at(10.4), 0.4),
    ]


def test_each_stage_shows_how_long_it_took() -> None:
    attempts = [
        {"started": at(12).isoformat(), "ended": at(14).isoformat(), "outcome": "unknown"},
        {"started": at(15).isoformat(), "ended": None, "outcome": None},
    ]
    delivered = past(S.DELIVERED, case_id="C-1", attempts=attempts)
    submitted = case(phase="submitted", status="open", status_as_of=at(60), case_id="C-1")
    found = [(e.event, e.by, e.detail, e.duration_seconds) for e in timeline(submitted, [delivered], [])]
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
    for state in (S.PENDING, S.DELIVERING):
        assert [entry.event for entry in timeline(case(phase="submitted"), [past(state)], [])] == [
            "created",
            "submitted",
            "sent",
        ]


def test_a_return_shows_its_reason_and_the_next_submission_follows() -> None:
    first = past(S.RETURNED, reason="Which machine?")
    second = past(S.FAILED, submission_no=2, submitted_at=at(30), reason="Refused")
    second = PastSubmission(second.submission, "ann", {}, None, at(40))
    entries = timeline(case(), [first, second], [])
    assert [(e.event, e.submission_no, e.detail) for e in entries[3:]] == [
        ("returned", 1, "Which machine?"),
        ("submitted", 2, None),
        ("failed", 2, "Refused"),
    ]


def test_clocks_that_differ_give_no_negative_duration() -> None:
    early = PastSubmission(past(S.DELIVERED).submission, "bob", {}, at(9), at(8))
    assert min(e.duration_seconds for e in timeline(case(), [early], []) if e.duration_seconds is not None) == 0


FAILED = change(S.FAILED, 20, reason="Refused")
REPLAYED = change(S.PENDING, 50)
LINKED = change(S.DELIVERED, 80, case_id="C-1", cause="linked", reason="D365's clerk typed it in")


@pytest.mark.parametrize(
    ("now", "changes", "expected"),
    [
        pytest.param(S.FAILED, [FAILED], [("failed", None, "Refused", 10.0)], id="failed"),
        pytest.param(
            S.DELIVERING,
            [FAILED, REPLAYED],
            [("failed", None, "Refused", 10.0), ("replayed", "support", None, 30.0)],
            id="replayed, and under way",
        ),
        pytest.param(
            S.DELIVERED,
            [FAILED, change(S.DELIVERING, 50), change(S.DELIVERED, 51, case_id="C-1")],
            [
                ("failed", None, "Refused", 10.0),
                ("replayed", "support", None, 30.0),
                ("delivered", None, "C-1", 1.0),
            ],
            id="replayed with success",
        ),
        pytest.param(
            S.FAILED,
            [FAILED, REPLAYED, change(S.FAILED, 60, reason="Refused again")],
            [
                ("failed", None, "Refused", 10.0),
                ("replayed", "support", None, 30.0),
                ("failed", None, "Refused again", 10.0),
            ],
            id="replayed in vain",
        ),
        pytest.param(
            S.DELIVERED,
            [FAILED, LINKED],
            [
                ("failed", None, "Refused", 10.0),
                ("linked", "support", "D365's clerk typed it in", 60.0),
                ("delivered", None, "C-1", 60.0),
            ],
            id="linked",
        ),
        pytest.param(
            S.FAILED,
            [FAILED, change(S.DISCARDED, 30, reason="Twice"), change(S.FAILED, 40, reason="By mistake")],
            [
                ("failed", None, "Refused", 10.0),
                ("discarded", "support", "Twice", 10.0),
                ("restored", "support", "By mistake", 10.0),
            ],
            id="discarded and restored",
        ),
        pytest.param(
            S.DEFERRED,
            [FAILED, REPLAYED],
            [("failed", None, "Refused", 10.0), ("replayed", "support", None, 30.0), ("deferred", None, None, 0.0)],
            id="what is on its way now is listed, too",
        ),
        pytest.param(S.RETURNED, [], [("returned", "support", None, 10.0)], id="before changes were noted"),
    ],
)
def test_each_end_and_each_step_away_from_one_is_reported(
    now: S, changes: list[Change], expected: list[tuple[str, str | None, str | None, float]]
) -> None:
    entries = timeline(case(phase="submitted"), [past(now, *changes)], [])
    found = [(e.event, e.by, e.detail, e.duration_seconds) for e in entries if e.event not in ("submitted", "sent")]
    assert sorted(found[1:]) == sorted(expected)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([], [("open", None)], id="read before statuses were noted"),
        pytest.param([Status("submitted", at(60))], [("submitted", None)], id="the first"),
        pytest.param(
            [Status("submitted", at(60)), Status("in_process", at(90)), Status("open", at(190.5))],
            [("submitted", None), ("in_process", 30.0), ("open", 100.5)],
            id="each, and how long the one before lasted",
        ),
        pytest.param(
            [Status("open", at(30)), Status("open", at(60)), Status("closed", at(90))],
            [("open", None), ("closed", 60.0)],
            id="merged: the same one twice is one",
        ),
        pytest.param(
            [Status("closed", at(30)), Status("open", at(60)), Status("closed", at(90))],
            [("closed", None), ("open", 30.0), ("closed", 30.0)],
            id="and back",
        ),
    ],
)
def test_each_status_is_listed_once(statuses: list[Status], expected: list[tuple[str, float | None]]) -> None:
    shown = case(phase="submitted", status="open", status_as_of=at(300), origin="d365", created_by=None)
    entries = timeline(shown, [], statuses)
    assert (entries[0].event, entries[0].by, entries[0].detail) == ("created", None, "The case was created in D365.")
    assert [(e.detail, e.duration_seconds) for e in entries[1:]] == expected
    assert {(e.event, e.by) for e in entries[1:]} <= {("status", "D365"), ("reopened", "D365")}


@pytest.mark.parametrize(
    ("statuses", "events"),
    [
        (("open", "closed", "in_process"), ["status", "status", "reopened"]),
        (("closed", "canceled", "open", "closed"), ["status", "status", "reopened", "status"]),
    ],
)
def test_a_case_that_goes_on_after_its_end_was_reopened(statuses: tuple[str, ...], events: list[str]) -> None:
    shown = case(phase="submitted", status=statuses[-1], status_as_of=at(300))
    known = [Status(status, at(30.0 * place)) for place, status in enumerate(statuses, 1)]
    entries = timeline(shown, [], known)[1:]
    assert [(entry.event, entry.detail) for entry in entries] == list(zip(events, statuses, strict=True))


@pytest.mark.parametrize("again", ["submitted", "closed"])
def test_a_case_that_d365_lost_and_got_again_was_not_reopened(again: str) -> None:
    shown = case(phase="submitted", status=again, status_as_of=at(300))
    changes = [
        change(S.DELIVERED, 20, case_id="C-1"),
        change(S.PENDING, 60, cause="lost_in_d365"),
        change(S.DELIVERED, 80, case_id="C-2"),
    ]
    entries = timeline(shown, [past(S.DELIVERED, *changes)], [Status("closed", at(30)), Status(again, at(90))])
    found = [(e.event, e.detail, e.duration_seconds) for e in entries if e.by == "D365"]
    assert found == [("status", "closed", None), ("status", again, None)]


def test_a_returned_draft_keeps_the_statuses_that_it_had() -> None:
    entries = timeline(case(status_as_of=at(60)), [past(S.RETURNED)], [Status("open", at(60))])
    assert [e.event for e in entries][-1] == "status"
    assert [e.event for e in timeline(case(status_as_of=at(60)), [], [])] == ["created"]
