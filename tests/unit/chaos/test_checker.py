"""The checker finds each kind of broken promise, and nothing if all were kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.checker import Books, Kind, check
from tests.chaos.history import REFUSED, History, Outcome, Recovery, Ticket

NAME = "W0000000001"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=1)
LEDGER = {"adds_up": True, "delivered": 1, "failed": 0, "returned": 0, "discarded": 0, "younger": 0}


def ticket(**changes: Any) -> Ticket:
    whole = {"to_submit": True, "web_case_id": NAME, "submission": Outcome.OK, **changes}
    return Ticket("key", "usmf-us-001", whole.pop("description", "it leaks"), **whole)


def history(*tickets: Ticket) -> History:
    return History(1, tickets={str(place): one for place, one in enumerate(tickets)})


def case(**changes: Any) -> dict[str, Any]:
    whole = {"WebCaseId": NAME, "CaseId": "C-1", "CaseStatus": "Opened", "Description": "it leaks", **changes}
    return {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CategoryType": "Service", **whole}


def document(**changes: Any) -> dict[str, Any]:
    whole = {"web_case_id": NAME, "submission_no": 1, "state": "delivered", "cause": None, "reason": None}
    return {**whole, "case_id": "C-1", **changes}


def books(**changes: Any) -> Books:
    whole: dict[str, Any] = {
        "d365": [case()],
        "documents": [document()],
        "cases": {NAME: {"status": "open", "case_id": "C-1"}},
        "events": [(NAME, 1, 1), (NAME, 1, 2), (NAME, 1, 1)],
        "statuses": [(NAME, NOON), (NAME, LATER), (NAME, NOON)],
        "unreadable": [],
        "ledger": LEDGER,
    }
    return Books(**{**whole, **changes})


def kinds(past: History, now: Books) -> list[Kind]:
    return [violation.kind for violation in check(past, now)]


def test_nothing_is_wrong_where_every_promise_was_kept() -> None:
    assert check(history(ticket()), books()) == []


FAILED = document(state="failed", cause="rejected", reason="no such part")
VERIFYING = document(state="verifying", submission_no=2)
FAILED_BOOKS = {"d365": [], "documents": [FAILED], "ledger": {**LEDGER, "delivered": 0, "failed": 1}}


def test_a_dead_letter_with_its_cause_is_an_end() -> None:
    assert check(history(ticket()), books(**FAILED_BOOKS)) == []


def test_what_an_operator_corrected_is_what_was_submitted() -> None:
    corrected = ticket(description=f"it leaks{REFUSED}")
    assert check(history(corrected), books()) == []


def test_a_submission_of_unknown_outcome_may_have_had_no_effect() -> None:
    unknown = ticket(submission=Outcome.UNKNOWN)
    nothing = books(d365=[], documents=[], ledger={**LEDGER, "delivered": 0}, events=[])
    assert check(history(unknown), nothing) == []


@pytest.mark.parametrize(
    ("kind", "past", "now"),
    [
        (Kind.LOST, history(ticket()), {"d365": [], "documents": [], "ledger": {**LEDGER, "delivered": 0}}),
        (Kind.LOST, history(ticket()), {"d365": []}),
        (Kind.DOUBLED, history(ticket()), {"d365": [case(), case(CaseId="C-2")]}),
        (Kind.NEVER_SUBMITTED, history(ticket(submission=None, to_submit=False)), {}),
        (Kind.UNEXPLAINED, history(ticket()), {**FAILED_BOOKS, "documents": [{**FAILED, "cause": None}]}),
        (Kind.UNEXPLAINED, history(ticket()), {**FAILED_BOOKS, "d365": [case()]}),
        (Kind.WRONG_CONTENT, history(ticket()), {"d365": [case(Description="something else")]}),
        (Kind.OUT_OF_ORDER, history(ticket()), {"events": [(NAME, 1, 2), (NAME, 1, 1)]}),
        (Kind.OUT_OF_ORDER, history(ticket()), {"events": [(NAME, 2, 1), (NAME, 1, 5)]}),
        (Kind.OUT_OF_ORDER, history(ticket()), {"statuses": [(NAME, LATER), (NAME, NOON)]}),
        (Kind.SET_ASIDE, history(ticket()), {"unreadable": [(NAME, "case.submitted.v1: it is there already")]}),
        (Kind.STATUS_DIFFERS, history(ticket()), {"cases": {NAME: {"status": "closed", "case_id": "C-1"}}}),
        (Kind.STATUS_DIFFERS, history(ticket()), {"cases": {NAME: {"status": "open", "case_id": None}}}),
        (Kind.STATUS_DIFFERS, history(ticket()), {"cases": {}}),
        (Kind.STUCK, history(ticket()), {**FAILED_BOOKS, "documents": [document(state="failed"), VERIFYING]}),
        (Kind.LEDGER, history(ticket()), {"ledger": {**LEDGER, "adds_up": False}}),
        (Kind.LEDGER, history(ticket()), {"ledger": {**LEDGER, "delivered": 2}}),
        (Kind.LEDGER, history(ticket()), {"ledger": {**LEDGER, "younger": 1}}),
    ],
)  # fmt: skip
def test_each_broken_promise_is_seen(kind: Kind, past: History, now: dict[str, Any]) -> None:
    assert kinds(past, books(**now)) == [kind]


AWAY = case(CustomerAccount="US-002", CaseStatus="Closed")
MOVED = {NAME: {"status": "submitted", "case_id": "C-1", "moved_at": "2026-01-01T12:00:00Z"}}
DELETED = {NAME: {"status": "submitted", "case_id": "C-1", "deleted_in_d365_at": "2026-01-01T12:00:00Z"}}
BORN = {("usmf-us-002", "C-1"): {"status": "closed", "moved_at": None, "deleted_in_d365_at": None}}
SECOND_DEALER = Ticket("other", "usmf-us-002", "", to_submit=False)


def test_a_case_that_left_is_moved_for_the_one_and_born_for_the_other() -> None:
    past = history(ticket(), SECOND_DEALER)
    assert kinds(past, books(d365=[AWAY], cases=MOVED, born=BORN)) == []
    assert kinds(past, books(d365=[AWAY], born=BORN)) == [Kind.STATUS_DIFFERS]
    closed = {NAME: {**MOVED[NAME], "status": "closed"}}
    assert kinds(past, books(d365=[AWAY], cases=closed, born=BORN)) == [Kind.STATUS_DIFFERS]
    assert kinds(past, books(d365=[AWAY], cases=MOVED)) == [Kind.STATUS_DIFFERS]
    assert kinds(past, books(born=BORN)) == [Kind.LEAKED]


def test_a_case_that_staff_deleted_is_marked_and_explains_the_ledger() -> None:
    past = history(ticket())
    past.deleted.add(NAME)
    none = {"count": 0, "web_case_ids": []}
    inside = {"no_document": 0, "without_submission": 0, "without_case_id": 0}
    against = {"delivered_not_found": {"count": 1, "web_case_ids": [NAME]}, "found_not_delivered": none}
    ledger = {**LEDGER, **inside, "adds_up": False, "d365": {**against, "found_twice": none}}
    assert kinds(past, books(d365=[], cases=DELETED, ledger=ledger, gone={NAME})) == []
    assert kinds(past, books(d365=[], ledger=ledger, gone={NAME})) == [Kind.STATUS_DIFFERS]
    assert kinds(past, books(d365=[], cases=DELETED, ledger=ledger)) == [Kind.LEDGER]
    assert kinds(past, books(d365=[], cases=MOVED, ledger=ledger, gone={NAME})) == [Kind.STATUS_DIFFERS]
    past.handed_over.add(NAME)
    assert kinds(past, books(d365=[], cases=MOVED, ledger=ledger, gone={NAME})) == []


def test_a_text_that_another_dealer_read_is_a_leak() -> None:
    past = history(ticket())
    token = past.new_token({"usmf-us-001"})
    past.saw("usmf-us-001", f"it says {token}")
    assert kinds(past, books()) == []
    past.saw("usmf-us-002", f"it says {token}")
    assert kinds(past, books()) == [Kind.LEAKED]


def test_what_clients_noted_counts() -> None:
    past = history(ticket())
    past.leaks.append("usmf-us-002 saw W0000000001")
    past.surprises.append("submit: 500")
    past.recoveries.append(Recovery("kill -9 kafka", 20.5, 20.0))
    assert kinds(past, books()) == [Kind.LEAKED, Kind.REFUSED, Kind.SLOW]
