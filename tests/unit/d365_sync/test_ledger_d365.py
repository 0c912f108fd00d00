"""The comparison with D365's books, for any page size: the same as a look at both books whole."""

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from case_shared.d365.models import D365Case
from case_shared.identifiers import new_web_case_id
from d365_sync.app import ledger_d365
from d365_sync.app.ledger_d365 import CompareWithD365, Entry
from d365_sync.domain.document import DocumentId, State


def sort_key(web_case_id: str | None) -> str:
    return (web_case_id or "").replace("-", "")


def by_web_case_id(case: D365Case) -> str:
    return sort_key(case.web_case_id)


@dataclass
class Theirs:
    """D365's books; its order takes no account of a hyphen, as SQL Server's does."""

    cases: list[D365Case]

    async def read_web_cases(self, after: str, *, page_size: int, **_: float) -> tuple[tuple[D365Case, ...], bool]:
        rows = sorted((case for case in self.cases if sort_key(case.web_case_id) > sort_key(after)), key=by_web_case_id)
        return tuple(rows[:page_size]), len(rows) > page_size

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], **_: float
    ) -> tuple[D365Case, ...]:
        return tuple(case for case in self.cases if case.case_id in case_ids and case.data_area_id == data_area_id)


@dataclass
class Ours:
    """Our books; never more than a page is asked for."""

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
    monkeypatch.setattr(ledger_d365, "_BOOKS_PAGE", draw.choice([1, 2, 5, 1000]))

    found = await CompareWithD365(Theirs(cases), Ours(entries), 1.0, by_submission_id=True)()

    assert found.found_twice.count == wanted["twice"]
    assert found.delivered_not_found.count == wanted["lost"]
    assert found.found_not_delivered.count == wanted["landed"] + wanted["stranger"]
    assert found.adds_up is not bool(wanted["twice"] + wanted["lost"] + wanted["landed"] + wanted["stranger"])


async def test_more_than_can_be_shown_is_counted() -> None:
    entries = [entry(State.DELIVERED, f"CASE-{number}") for number in range(ledger_d365.SHOWN + 5)]

    found = await CompareWithD365(Theirs([]), Ours(entries), 1.0, by_submission_id=True)()

    assert found.delivered_not_found.count == ledger_d365.SHOWN + 5
    assert len(found.delivered_not_found.web_case_ids) == ledger_d365.SHOWN
