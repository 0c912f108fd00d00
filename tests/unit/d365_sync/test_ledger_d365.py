"""The comparison with D365's cases, for any page size: the same result as with both complete lists."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from case_shared.d365.chains import FIRST_TERMS
from case_shared.d365.models import D365Case
from case_shared.process.clock import SystemClock
from case_shared.words.identifiers import new_web_case_id
from d365_sync.app import ledger_d365
from d365_sync.app.ledger_d365 import CompareWithD365, Comparison, Entry
from d365_sync.domain.document import DocumentId, State


@dataclass
class Theirs:
    """D365's cases, in the order of their creation."""

    cases: list[D365Case]
    most_at_once: int = 0

    async def read_web_cases(self, after: int, *, page_size: int, **_: float) -> tuple[D365Case, ...]:
        numbered = [one.model_copy(update={"rec_id": number}) for number, one in enumerate(self.cases, start=1)]
        return tuple(one for one in numbered if one.rec_id and one.rec_id > after and one.web_case_id)[:page_size]

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], **_: float
    ) -> tuple[D365Case, ...]:
        self.most_at_once = max(self.most_at_once, len(case_ids))
        return tuple(case for case in self.cases if case.case_id in case_ids and case.data_area_id == data_area_id)


@dataclass
class Kept:
    """What the database keeps about D365's cases."""

    cases: list[D365Case] = field(default_factory=list)

    async def add(self, _comparison: UUID, cases: Sequence[D365Case]) -> None:
        self.cases += cases

    async def page(self, _comparison: UUID, behind: str, web_case_ids: int) -> list[D365Case]:
        following = sorted({one.web_case_id or "" for one in self.cases if (one.web_case_id or "") > behind})
        wanted = set(following[:web_case_ids])
        return sorted((one for one in self.cases if one.web_case_id in wanted), key=lambda one: one.web_case_id or "")

    async def drop(self, _comparison: UUID) -> None:
        self.cases.clear()


@dataclass
class Ours:
    """Our documents; fails if more than a page is requested."""

    all: list[Entry]

    async def entries(
        self, behind: DocumentId, up_to: str | None, limit: int, older_than_seconds: float
    ) -> list[Entry]:
        rows = sorted(
            (entry for entry in self.all if entry.id > behind and (up_to is None or entry.id[0] <= up_to)),
            key=lambda entry: entry.id,
        )
        return rows[:limit]


def case(web_case_id: str | None, case_id: str, submission_id: UUID) -> D365Case:
    row = {"data_area_id": "usmf", "case_id": case_id, "web_case_id": web_case_id, "customer_account": "US-001"}
    return D365Case.model_validate({**row, "submission_id": str(submission_id)})


def entry(state: State, case_id: str | None, *, judged: bool = True) -> Entry:
    document = DocumentId(new_web_case_id(), 1)
    return Entry(document, uuid4(), "usmf", "US-001", state, None, case_id, judged, False)


async def compared(cases: list[D365Case], entries: list[Entry]) -> Comparison:
    return await CompareWithD365(Theirs(cases), Ours(entries), Kept(), SystemClock(), 1.0, by_submission_id=True)()


@pytest.mark.parametrize("seed", range(20))
async def test_every_page_size_gives_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    entries, cases, wanted = [], [], Counter[str]()
    for number in range(draw.randint(0, 40)):
        kind = draw.choice(["agrees", "lost", "landed", "failed", "twice", "linked", "young", "stranger", "odd"])
        state = State.FAILED if kind in {"landed", "failed"} else State.DELIVERED
        one = entry(state, None if state is State.FAILED else f"CASE-{number}", judged=kind != "young")
        if kind == "odd":
            cases.append(case(f"W-{draw.choice('BFZ')}Y-HAND-{number}", f"ODD-{number}", uuid4()))
            continue
        if kind != "stranger":
            entries.append(one)
        there = {"lost": 0, "failed": 0, "young": 0, "linked": 0, "twice": draw.randint(2, 5)}.get(kind, 1)
        cases += [
            case(one.id.web_case_id, f"CASE-{number}" + "+" * double, one.submission_id) for double in range(there)
        ]
        if kind == "linked":
            cases.append(case(None, f"CASE-{number}", uuid4()))
        wanted[kind] += 1
    monkeypatch.setattr(ledger_d365, "_D365_PAGE", draw.choice([2, 3, 7, 1000]))
    monkeypatch.setattr(ledger_d365, "_COMPARED_PAGE", draw.choice([1, 3, 1000]))
    draw.shuffle(cases)
    monkeypatch.setattr(ledger_d365, "_BOOKS_PAGE", draw.choice([1, 2, 5, 1000]))

    found = await compared(cases, entries)

    assert found.found_twice.count == wanted["twice"]
    assert found.delivered_not_found.count == wanted["lost"]
    assert found.found_not_delivered.count == wanted["landed"] + wanted["stranger"]
    assert found.adds_up is not bool(wanted["twice"] + wanted["lost"] + wanted["landed"] + wanted["stranger"])


async def test_a_case_that_has_no_number_yet_is_no_other_documents_and_not_unknown() -> None:
    delivered, waiting, lost = entry(State.DELIVERED, "CASE-1"), entry(State.VERIFYING, None), entry(State.FAILED, None)
    cases = [
        case(delivered.id.web_case_id, "CASE-1", delivered.submission_id),
        case(waiting.id.web_case_id, "", waiting.submission_id),
        case(None, "", uuid4()),
    ]

    found = await compared(cases, [delivered, waiting, lost])

    assert found.found_not_delivered.web_case_ids == [waiting.id.web_case_id]
    assert (found.delivered_not_found.count, found.found_twice.count, found.cases) == (0, 0, 2)


async def test_more_than_can_be_shown_is_counted() -> None:
    entries = [entry(State.DELIVERED, f"CASE-{number}") for number in range(ledger_d365.SHOWN + 5)]

    found = await compared([], entries)

    assert found.delivered_not_found.count == ledger_d365.SHOWN + 5
    assert len(found.delivered_not_found.web_case_ids) == ledger_d365.SHOWN


async def test_many_that_are_missing_share_no_time_out() -> None:
    d365, entries = Theirs([]), [entry(State.DELIVERED, f"CASE-{number}") for number in range(40)]

    found = await CompareWithD365(d365, Ours(entries), Kept(), SystemClock(), 1.0, by_submission_id=True)()

    assert found.delivered_not_found.count == 40
    assert d365.most_at_once == FIRST_TERMS
