"""Decides, from the clients' records and D365's own books alone, whether the promises of DESIGN section 2 were kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from tests.chaos.history import REFUSED, History, Outcome, Ticket

# What the local stack's mapping makes of D365's symbols (DESIGN section 3).
STATUS = {
    "None": "submitted",
    "InProcess": "in_process",
    "Planned": "open",
    "Opened": "open",
    "Open": "open",
    "Closed": "closed",
    "Canceled": "canceled",
}
ChangeT = TypeVar("ChangeT", tuple[int, int], datetime)
_OPEN = frozenset({"pending", "delivering", "verifying", "deferred"})


class Kind(StrEnum):
    """A promise that was broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    NEVER_SUBMITTED = "never submitted, and in D365"
    UNEXPLAINED = "failed without a cause"
    WRONG_CONTENT = "other content than submitted"
    OUT_OF_ORDER = "out of order"
    STATUS_DIFFERS = "status differs from D365's"
    STUCK = "not at an end"
    LEDGER = "ledger does not add up"
    LEAKED = "seen by another dealer"
    SLOW = "moved again too late"
    REFUSED = "refused without reason"
    SET_ASIDE = "set aside as unreadable"


@dataclass(frozen=True)
class Violation:
    """A broken promise, of one case where it can be told."""

    kind: Kind
    web_case_id: str | None
    detail: str


@dataclass(frozen=True)
class Books:
    """How everything stands at the end: D365's cases, the document queue, the read model, the events in Kafka's order.

    `events` are (web_case_id, submission_no, revision), `statuses` (web_case_id, status_as_of), each case's in order;
    `unreadable` are records that some consumer could not take, and why; `ledger` is the service's own answer.
    """

    d365: Sequence[Mapping[str, Any]]
    documents: Sequence[Mapping[str, Any]]
    cases: Mapping[str, Mapping[str, Any]]
    events: Sequence[tuple[str, int, int]]
    statuses: Sequence[tuple[str, datetime]]
    unreadable: Sequence[tuple[str, str]]
    ledger: Mapping[str, Any]


def check(history: History, books: Books) -> list[Violation]:
    """Every broken promise; none where all were kept."""
    in_d365: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for case in books.d365:
        in_d365[case["WebCaseId"]].append(case)
    documents: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for document in books.documents:
        documents[document["web_case_id"]].append(document)
    found: list[Violation] = []
    for ticket in history.tickets.values():
        if ticket.web_case_id:
            name = ticket.web_case_id
            found += _case(ticket, in_d365[name], documents[name], books.cases.get(name))
    found += _order((name, (number, revision)) for name, number, revision in books.events)
    found += _order(books.statuses)
    found += [Violation(Kind.SET_ASIDE, name, why) for name, why in books.unreadable]
    found += [Violation(Kind.LEAKED, None, leak) for leak in history.leaks]
    found += [Violation(Kind.REFUSED, None, surprise) for surprise in history.surprises]
    found += _ledger(history, books)
    found += [
        Violation(Kind.SLOW, None, f"{recovery.fault}: {recovery.seconds:.1f} s, allowed: {recovery.limit_seconds} s")
        for recovery in history.recoveries
        if recovery.seconds > recovery.limit_seconds
    ]
    return found


def _case(
    ticket: Ticket,
    in_d365: Sequence[Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    shown: Mapping[str, Any] | None,
) -> Iterable[Violation]:
    name = ticket.web_case_id
    if len(in_d365) > 1:
        yield Violation(Kind.DOUBLED, name, f"D365 has cases {[case['CaseId'] for case in in_d365]}")
    if ticket.submission is None:
        if in_d365 or documents:
            yield Violation(Kind.NEVER_SUBMITTED, name, f"in D365: {len(in_d365)}, documents: {len(documents)}")
        return
    last = max(documents, key=lambda document: int(document["submission_no"]), default=None)
    if last is None:
        if ticket.submission is Outcome.OK or in_d365:
            yield Violation(Kind.LOST, name, "acknowledged, and no document holds it")
        return
    yield from _end(name, in_d365, last)
    if in_d365 and last["state"] == "delivered":
        yield from _content(ticket, in_d365[0], last)
        yield from _status(name, in_d365[0], shown)


def _end(name: str | None, in_d365: Sequence[Mapping[str, Any]], last: Mapping[str, Any]) -> Iterable[Violation]:
    state = last["state"]
    if state in _OPEN:
        yield Violation(Kind.STUCK, name, f"document is {state}, {last['cause']}")
    elif state == "delivered" and not in_d365:
        yield Violation(Kind.LOST, name, f"delivered as {last['case_id']}, and D365 does not have it")
    elif state != "delivered" and in_d365:
        yield Violation(Kind.UNEXPLAINED, name, f"document is {state}, {last['cause']}, and D365 has the case")
    elif state == "failed" and not (last["cause"] and last["reason"]):
        yield Violation(Kind.UNEXPLAINED, name, f"cause {last['cause']!r}, reason {last['reason']!r}")


def _content(ticket: Ticket, case: Mapping[str, Any], last: Mapping[str, Any]) -> Iterable[Violation]:
    # As the dealer wrote it, or as an operator mended it.
    if case["Description"] not in {ticket.description, ticket.description.replace(REFUSED, "")}:
        detail = f"{case['Description']!r}, submitted: {ticket.description!r}, document {last['submission_no']}"
        yield Violation(Kind.WRONG_CONTENT, ticket.web_case_id, detail)


def _status(name: str | None, case: Mapping[str, Any], shown: Mapping[str, Any] | None) -> Iterable[Violation]:
    expected = STATUS[case["CaseStatus"]]
    seen = (shown or {}).get("status")
    if seen != expected or (shown or {}).get("case_id") != case["CaseId"]:
        detail = f"D365: {case['CaseId']} {expected}; shown: {(shown or {}).get('case_id')} {seen}"
        yield Violation(Kind.STATUS_DIFFERS, name, detail)


def _order(events: Iterable[tuple[str, ChangeT]]) -> Iterable[Violation]:
    """The first sightings of each case's changes must rise; an event sent again is no sighting."""
    seen: dict[str, set[ChangeT]] = defaultdict(set)
    for name, change in events:
        if change not in seen[name] and any(change < earlier for earlier in seen[name]):
            yield Violation(Kind.OUT_OF_ORDER, name, f"{change} came after {max(seen[name])}")
        seen[name].add(change)


def _ledger(history: History, books: Books) -> Iterable[Violation]:
    """The ledger's verdict must be the checker's: it adds up, and counts what the documents tell."""
    if not books.ledger["adds_up"]:
        yield Violation(Kind.LEDGER, None, str(dict(books.ledger)))
    counted = Counter(document["state"] for document in books.documents)
    told = {state: books.ledger[state] for state in ("delivered", "failed", "returned", "discarded")}
    if told != {state: counted.get(state, 0) for state in told}:
        yield Violation(Kind.LEDGER, None, f"the ledger counts {told}, the documents {dict(counted)}")
    if history.tickets and books.ledger["younger"]:
        yield Violation(Kind.LEDGER, None, "the ledger judged not all submissions")
