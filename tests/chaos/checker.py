"""Decides only from the clients' records and D365's own cases whether the promises were kept.

The promises: docs/design.md#what-does-casebridge-promise.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from tests.chaos.history import REFUSED, History, Outcome, Ticket, party_of

# The local stack's mapping of D365's symbols (docs/design.md#which-status-does-a-dealer-see).
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
    """Which promise was broken."""

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
    SET_ASIDE = "wrongly set aside as unreadable, or not"
    UNREADY = "not ready at the end"


@dataclass(frozen=True)
class Violation:
    """A broken promise, with its case if it concerns one."""

    kind: Kind
    web_case_id: str | None
    detail: str


@dataclass(frozen=True)
class Books:
    """The final state of everything: D365's cases, the document queue, the read model, the events in Kafka's order.

    `events` are (web_case_id, submission_no, revision), `statuses` (web_case_id, status_as_of), each case's in order;
    `unreadable` are our own records that were set aside, and unreadable ones that were not;
    `ledger` is the service's own answer.
    """

    d365: Sequence[Mapping[str, Any]]
    documents: Sequence[Mapping[str, Any]]
    cases: Mapping[str, Mapping[str, Any]]
    events: Sequence[tuple[str, int, int]]
    statuses: Sequence[tuple[str, datetime]]
    unreadable: Sequence[tuple[str, str]]
    ledger: Mapping[str, Any]
    # Rows from D365 by (dealer, Case ID); Web Case IDs whose document has a number that D365 no longer has.
    born: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    gone: AbstractSet[str] = frozenset()
    # Case IDs of cases in D365 with a forged text; replicas that are not ready.
    forged: Sequence[str] = ()
    unready: Sequence[str] = ()


def check(history: History, books: Books) -> list[Violation]:
    """Every broken promise; empty if all were kept.

    The promises: docs/design.md#what-does-casebridge-promise.
    """
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
            found += _case(ticket, in_d365[name], documents[name], books.cases.get(name), history)
    found += _born(history, books)
    found += [Violation(Kind.LEAKED, None, f"{dealer} has read {token}") for dealer, token in history.misread]
    found += _order((name, (number, revision)) for name, number, revision in books.events)
    found += _order(books.statuses)
    found += [Violation(Kind.SET_ASIDE, name, why) for name, why in books.unreadable]
    found += [Violation(Kind.NEVER_SUBMITTED, None, f"D365 has a forged case: {one}") for one in books.forged]
    found += [Violation(Kind.UNREADY, None, why) for why in books.unready]
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
    history: History,
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
    if name in history.deleted and not in_d365 and last["state"] == "delivered":
        yield from _ended(name, "deleted_in_d365_at", shown or {}, history)
        return
    yield from _end(name, in_d365, last)
    if in_d365 and last["state"] == "delivered":
        yield from _delivered(ticket, in_d365, last, shown, history)


def _delivered(
    ticket: Ticket,
    in_d365: Sequence[Mapping[str, Any]],
    last: Mapping[str, Any],
    shown: Mapping[str, Any] | None,
    history: History,
) -> Iterable[Violation]:
    name = ticket.web_case_id
    if name not in history.rewritten:
        yield from _content(ticket, in_d365[0], last)
    if party_of(in_d365[0]) == ticket.dealer:
        yield from _status(name, in_d365[0], shown)
    else:
        yield from _ended(name, "moved_at", shown or {}, history)


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
    # As the dealer wrote it, or as an operator corrected it.
    if case["Description"] not in {ticket.description, ticket.description.replace(REFUSED, "")}:
        detail = f"{case['Description']!r}, submitted: {ticket.description!r}, document {last['submission_no']}"
        yield Violation(Kind.WRONG_CONTENT, ticket.web_case_id, detail)


def _status(name: str | None, case: Mapping[str, Any], shown: Mapping[str, Any] | None) -> Iterable[Violation]:
    expected = STATUS[case["CaseStatus"]]
    seen = (shown or {}).get("status")
    if seen != expected or (shown or {}).get("case_id") != case["CaseId"]:
        detail = f"D365: {case['CaseId']} {expected}; shown: {(shown or {}).get('case_id')} {seen}"
        yield Violation(Kind.STATUS_DIFFERS, name, detail)


def _ended(name: str | None, since: str, shown: Mapping[str, Any], history: History) -> Iterable[Violation]:
    """A case that left its dealer says so, and keeps an earlier status; if no read has shown it, the row may not know.

    A moved case stays moved if it is deleted before any read shows that it is back.
    """
    if since == "deleted_in_d365_at" and shown.get("status_as_of", "shown") is None:
        return
    if since == "deleted_in_d365_at" and name in history.handed_over and shown.get("moved_at"):
        since = "moved_at"
    before = {STATUS[status] for status in history.own_statuses[name or ""]}
    if not shown.get(since) or shown["status"] not in before:
        yield Violation(
            Kind.STATUS_DIFFERS, name, f"it left: {since} {shown.get(since)}, status {shown.get('status')} of {before}"
        )


def _born(history: History, books: Books) -> Iterable[Violation]:
    """The current owner of a case sees it as a case from D365, and nobody else follows it."""
    dealers = {ticket.web_case_id or ticket.key: ticket.dealer for ticket in history.tickets.values()}
    followed = {
        place: row for place, row in books.born.items() if not row.get("moved_at") and not row.get("deleted_in_d365_at")
    }
    expected: dict[tuple[str, str], Mapping[str, Any]] = {}
    for case in books.d365:
        dealer = party_of(case)
        if case["WebCaseId"] and case["WebCaseId"] not in dealers:
            continue  # an earlier run's: a restore of D365 had it delivered again, under a number that was free again
        if dealer and dealer != dealers.get(case["WebCaseId"]) and dealer in dealers.values():
            expected[dealer, case["CaseId"]] = case
    for place, case in expected.items():
        seen = followed.get(place, {}).get("status")
        if seen != STATUS[case["CaseStatus"]]:
            detail = f"{place}: D365 {STATUS[case['CaseStatus']]}, shown: {seen}"
            yield Violation(Kind.STATUS_DIFFERS, case["WebCaseId"], detail)
    for place in followed.keys() - expected.keys():
        yield Violation(Kind.LEAKED, None, f"{place} is not this dealer's, and still followed")


def _order(events: Iterable[tuple[str, ChangeT]]) -> Iterable[Violation]:
    """Each case's changes must first appear in rising order; an event that is sent again does not count."""
    seen: dict[str, set[ChangeT]] = defaultdict(set)
    for name, change in events:
        if change not in seen[name] and any(change < earlier for earlier in seen[name]):
            yield Violation(Kind.OUT_OF_ORDER, name, f"{change} came after {max(seen[name])}")
        seen[name].add(change)


def _ledger(history: History, books: Books) -> Iterable[Violation]:
    """The ledger must agree with the checker: it adds up, and its counts match the documents."""
    if not books.ledger["adds_up"] and not _explained(books):
        yield Violation(Kind.LEDGER, None, str(dict(books.ledger)))
    counted = Counter(document["state"] for document in books.documents)
    counted_by_ledger = {state: books.ledger[state] for state in ("delivered", "failed", "returned", "discarded")}
    if counted_by_ledger != {state: counted.get(state, 0) for state in counted_by_ledger}:
        yield Violation(Kind.LEDGER, None, f"the ledger counts {counted_by_ledger}, the documents {dict(counted)}")
    if history.tickets and books.ledger["younger"]:
        yield Violation(Kind.LEDGER, None, "the ledger judged not all submissions")


def _explained(books: Books) -> bool:
    """Whether only numbers that D365's staff deleted or reassigned do not add up."""
    against = books.ledger.get("d365") or {}
    lost = against.get("delivered_not_found", {"web_case_ids": []})["web_case_ids"]
    others = sum(against.get(kind, {"count": 1})["count"] for kind in ("found_not_delivered", "found_twice"))
    inside = not any(books.ledger.get(name, 1) for name in ("no_document", "without_submission", "without_case_id"))
    return bool(lost) and set(lost) <= books.gone and not others and inside
