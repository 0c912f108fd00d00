"""Reads of many at a D365 that answers a few requests and then fails: each answer counts, and the rest comes again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from case_shared.d365.errors import D365Throttled, D365TransientError, D365Unavailable, D365UnreadableKeys
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer
from d365_sync.app.ports import D365, ControlCase, Documents, Leader
from d365_sync.app.positive_control import ControlledLookUp
from d365_sync.app.replay_dry_run import ForecastReplay
from d365_sync.app.replays import Candidate, Choices, Replays
from d365_sync.app.restore_d365 import (
    LookedUp,
    LookedUpDocument,
    Redelivery,
    RestoreD365,
    RestorePage,
    Restores,
    RunningRestore,
)
from d365_sync.domain.document import Cause, DocumentId, State
from d365_sync.domain.replay import ReplayOutcome
from tests.support.clocks import HandClock
from tests.unit.d365_sync.test_outcomes import CASE

LEADER = Leader("dispatcher", 1)


@dataclass
class Books:
    """The known cases of the legal entity."""

    newest: list[ControlCase] = field(default_factory=lambda: [ControlCase("C-1", 1e6)])
    older: list[str] = field(default_factory=list)

    async def control_cases(self, _data_area_id: str) -> list[ControlCase]:
        """The newest."""
        return self.newest

    async def older_control_cases(self, _data_area_id: str) -> list[str]:
        """Older ones."""
        return self.older

    async def restored_before_the_first(self, _data_area_id: str) -> bool:
        """Nobody reported such a restore."""
        return False


def found(case_id: str, web_case_id: str | None = None) -> D365Case:
    fields = {"data_area_id": "usmf", "case_id": case_id, "web_case_id": web_case_id, "customer_account": "US-001"}
    return D365Case.model_validate(fields)


@dataclass
class Slow:
    """Answers for the first `most` keys of a call, then fails. It shows `shown`, and absence beside one of those."""

    most: int
    shown: Collection[str] = ("C-1",)
    error: type[D365TransientError] = D365Unavailable
    calls: list[Sequence[str]] = field(default_factory=list)
    poison: str = ""

    def _answer(self, keys: Collection[str], answer: LookUpAnswer) -> LookUpAnswer:
        self.calls.append(list(keys))
        if len(keys) <= self.most:
            return answer
        error = D365Throttled("429", retry_after=None) if self.error is D365Throttled else self.error("time is over")
        error.answered = answer
        raise error

    async def find_by_web_case_id(
        self, _data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], **_: Any
    ) -> LookUpAnswer:
        """Find none."""
        keys = [key for key in web_case_ids if key != self.poison][: self.most]
        proven = keys if {*self.shown} & {*control_case_ids} else ()
        proofs = dict.fromkeys(proven, AbsenceProof.BY_KNOWN_CASE)
        answer = LookUpAnswer({}, proofs, keys=frozenset(keys))
        if self.poison in web_case_ids:
            error = D365UnreadableKeys(frozenset({self.poison}), "500", status=500)
            error.answered = answer
            raise error
        return self._answer(web_case_ids, answer)

    async def read_cases_by_case_id(
        self, _data_area_id: str, case_ids: Collection[str], **_: Any
    ) -> tuple[D365Case, ...]:
        """Return those that it shows."""
        keys = list(case_ids)[: self.most]
        cases = {key: (found(key),) for key in keys if key in self.shown}
        return tuple(self._answer(case_ids, LookUpAnswer(cases, {}, keys=frozenset(keys))).cases)


def controlled(d365: Slow, books: Books) -> ControlledLookUp:
    return ControlledLookUp(cast("D365", d365), cast("Documents", books), 30.0, 150.0)


async def test_what_is_unsure_is_looked_up_beside_an_older_case_though_the_rest_is_unanswered() -> None:
    d365 = Slow(3, shown=["C-OLD"])
    look_up = controlled(d365, Books(older=["C-OLD"]))

    with pytest.raises(D365Unavailable) as raised:
        await look_up("usmf", ["W1", "W2", "W3", "W4"])

    assert raised.value.answered.proofs.keys() == {"W1", "W2", "W3"}


async def test_a_d365_that_throttles_is_not_asked_for_older_cases() -> None:
    d365 = Slow(1, shown=(), error=D365Throttled)

    with pytest.raises(D365Throttled):
        await controlled(d365, Books(older=["C-OLD"]))("usmf", ["W1", "W2"])

    assert len(d365.calls) == 1


@pytest.mark.parametrize("books", [Books(), Books(newest=[])], ids=["beside a known case", "before the first"])
async def test_what_was_not_answered_is_not_proven(books: Books) -> None:
    with pytest.raises(D365Unavailable) as raised:
        await controlled(Slow(2), books)("usmf", ["W1", "W2", "W3"])

    assert raised.value.answered.proofs.keys() == {"W1", "W2"}


@dataclass
class Store:
    """A restore's documents, and what was stored of them."""

    documents: list[Redelivery]
    stored: dict[int, LookedUp] = field(default_factory=dict)
    held_up: list[str] = field(default_factory=list)
    completed: bool = False

    async def running(self) -> RunningRestore | None:
        """The restore, until it is completed."""
        return None if self.completed else RunningRestore(UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC), dry_run=False)

    async def page(self, _restore_id: UUID, limit: int) -> RestorePage | None:
        """What is not looked up yet."""
        left = [one for one in self.documents if one.place not in self.stored][:limit]
        return RestorePage("usmf", datetime(2026, 1, 1, tzinfo=UTC), left) if left else None

    async def store(self, _id: UUID, _leader: Leader, _began_at: datetime, looked_up: list[LookedUpDocument]) -> None:
        """Keep the findings."""
        self.stored |= {one.document.place: one.outcome for one in looked_up}

    async def complete(self, _restore_id: UUID) -> None:
        """End it."""
        self.completed = True

    async def hold_up(self, _restore_id: UUID, why: str) -> None:
        """Note why."""
        self.held_up.append(why)


def delivered(place: int, cause: Cause | None = None) -> Redelivery:
    key = DocumentId(f"W{place}", 1)
    return Redelivery(place, key, uuid4(), State.DELIVERED, cause, f"C-{place}", 1, "US-001", CASE)


def restoring(store: Store, d365: Slow, clock: HandClock) -> RestoreD365:
    return RestoreD365(
        cast("Restores", store),
        cast("D365", d365),
        controlled(d365, Books()),
        lambda: True,
        lambda: None,
        clock,
        30.0,
        by_submission_id=True,
    )


@pytest.mark.parametrize("cause", [None, Cause.LINKED], ids=["sent", "linked"])
async def test_a_restore_goes_on_at_a_d365_that_answers_a_part_of_each_page(cause: Cause | None) -> None:
    store, clock = Store([delivered(place, cause) for place in range(10, 20)]), HandClock()
    # The linked cases are there under their numbers.
    d365 = Slow(4, shown=["C-1", *(f"C-{place}" for place in range(10, 20) if cause)])
    restore = restoring(store, d365, clock)

    while not store.completed:
        assert clock.seconds < 60, "it makes no progress"
        await restore(LEADER)
        clock.seconds += 3

    outcome = LookedUp.NOT_SURE if cause else LookedUp.QUEUED
    assert store.stored == dict.fromkeys(range(10, 20), outcome)
    assert set(store.held_up) == {"time is over"}, "operators see why it takes long"


async def test_a_restore_passes_a_case_that_d365_cannot_write() -> None:
    store, clock = Store([delivered(place) for place in range(10, 14)]), HandClock()
    restore = restoring(store, Slow(100, poison="W12"), clock)

    while not store.completed:
        assert clock.seconds < 60, "it makes no progress"
        await restore(LEADER)
        clock.seconds += 3

    queued = LookedUp.QUEUED
    assert store.stored == {10: queued, 11: queued, 12: LookedUp.NOT_SURE, 13: queued}


def forecasting(d365: Slow, beats: list[str]) -> ForecastReplay:
    async def choices(_data_area_id: str) -> Choices:
        return Choices(frozenset(), frozenset())

    replays = cast("Replays", SimpleNamespace(choices=choices))
    return ForecastReplay(controlled(d365, Books()), replays, True, lambda: beats.append("beat"))


def candidates_of(count: int) -> list[Candidate]:
    keys = (DocumentId(f"W{place}", 1) for place in range(count))
    return [Candidate(place, key, State.FAILED, "usmf", CASE, None) for place, key in enumerate(keys)]


async def test_a_dry_run_foresees_what_d365_has_answered_for() -> None:
    d365, beats = Slow(60), list[str]()
    forecast, candidates = forecasting(d365, beats), candidates_of(250)

    foreseen = await forecast(candidates)

    assert [one.place for one in foreseen] == [*range(60), *range(100, 160), *range(200, 250)]
    assert {one.outcome for one in foreseen} == {ReplayOutcome.WOULD_CREATE}
    assert len(beats) == 3
    d365.most = 0
    with pytest.raises(D365Unavailable):
        await forecast(candidates)


async def test_a_dry_run_passes_a_case_that_d365_cannot_write() -> None:
    foreseen = await forecasting(Slow(100, poison="W2"), [])(candidates_of(4))

    outcomes = {one.place: one.outcome for one in foreseen}
    create = ReplayOutcome.WOULD_CREATE
    assert outcomes == {0: create, 1: create, 2: ReplayOutcome.STILL_INVALID, 3: create}


async def test_a_d365_that_fails_at_every_case_judges_none() -> None:
    """Then its failure says nothing of the two that it was asked for alone."""
    store, clock = Store([delivered(place) for place in range(10, 14)]), HandClock()
    d365 = Slow(0, poison="W12")

    assert not await restoring(store, d365, clock)(LEADER)
    with pytest.raises(D365UnreadableKeys):
        await forecasting(Slow(0, poison="W2"), [])(candidates_of(4))

    assert (store.stored, store.held_up) == ({}, ["500"])
