"""Chains of `or` against a D365 that limits the number of terms, or refuses single keys."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_shared.d365.chains import FIRST_TERMS, Chains
from case_shared.d365.errors import (
    D365AnswersTooMuch,
    D365ForeignLink,
    D365LostAnswer,
    D365Misconfigured,
    D365NotOData,
    D365RefusedKeys,
    D365Throttled,
    D365TransientError,
    D365Unavailable,
    D365UnreadableKeys,
)
from case_shared.process.clock import SystemClock


class Memory:
    """What the database would keep about one environment."""

    terms: int | None = None

    async def load(self) -> int | None:
        return self.terms

    async def store(self, terms: int) -> None:
        self.terms = terms


class D365:
    """Refuses a filter of more than `most` terms, and any with a key in `poison`."""

    def __init__(self, most: int, poison: Sequence[str] = (), beside: int = 0) -> None:
        self.most, self.poison, self.beside = most, set(poison), beside
        self.requests = 0
        self.answered: list[str] = []

    async def ask(self, share: Sequence[str]) -> None:
        self.requests += 1
        if len(share) + self.beside > self.most or self.poison & set(share):
            raise D365Misconfigured("read cases: 400: no", status=400)
        self.answered += share


KEYS = [f"C-{number}" for number in range(100)]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(0, 3), st.lists(st.sampled_from(KEYS), max_size=100, unique=True))
async def test_every_key_is_answered_once_whatever_d365_takes(most: int, beside: int, keys: list[str]) -> None:
    d365, memory = D365(most + beside, beside=beside), Memory()

    await Chains(memory, SystemClock()).ask("CaseId", keys, d365.ask, besides=beside)

    assert d365.answered == keys
    assert memory.terms is None or memory.terms <= most + beside


@pytest.mark.parametrize("most", [15, 100])
async def test_a_chain_begins_with_fifteen_terms_controls_included(most: int) -> None:
    d365 = D365(most, beside=3)

    await Chains(Memory(), SystemClock()).ask("CaseId", KEYS[:24], d365.ask, besides=3)

    assert FIRST_TERMS == 15
    assert d365.requests == 2


async def test_what_worked_is_remembered_by_others() -> None:
    d365, memory = D365(6), Memory()
    await Chains(memory, SystemClock()).ask("CaseId", KEYS, d365.ask)
    assert memory.terms == 4

    d365.requests = 0
    await Chains(memory, SystemClock()).ask("CaseId", KEYS[:8], d365.ask)
    assert d365.requests == 2


async def test_keys_that_are_refused_alone_are_named_and_teach_nothing_about_sizes() -> None:
    poison = random.Random(1).sample(KEYS, 3)
    d365, memory = D365(15, poison), Memory()

    with pytest.raises(D365RefusedKeys) as raised:
        await Chains(memory, SystemClock()).ask("CaseId", KEYS, d365.ask)

    assert raised.value.keys == set(poison)
    assert d365.answered == [key for key in KEYS if key not in poison]
    assert memory.terms is None


async def test_only_what_is_refused_key_by_key_is_misconfigured() -> None:
    d365 = D365(0)

    with pytest.raises(D365Misconfigured):
        await Chains(None, SystemClock()).ask("CaseId", KEYS, d365.ask)

    assert d365.requests == 6  # 15, 8, 4, 2, and two single keys: enough to exclude the keys as the cause


async def test_what_is_no_refusal_of_the_filter_is_not_halved() -> None:
    requests = 0

    async def ask(_: Sequence[str]) -> None:
        nonlocal requests
        requests += 1
        raise D365ForeignLink("the next page is elsewhere")

    with pytest.raises(D365ForeignLink):
        await Chains(None, SystemClock()).ask("CaseId", KEYS, ask)

    assert requests == 1


BROKEN = [
    pytest.param(D365Unavailable("read cases: 500: no OData error", status=500), id="500"),
    pytest.param(D365NotOData("read cases: 502: <html>", status=502), id="502 of a gateway"),
    pytest.param(D365NotOData("read cases: 200, but not with an OData collection", status=200), id="cut off"),
    pytest.param(D365LostAnswer("read cases: ServerDisconnectedError"), id="connection lost"),
]


class Failing:
    """Fails at every request with a key in `poison`; at all, the control too, if it is `down`."""

    def __init__(self, poison: Sequence[str], error: D365TransientError, *, down: bool = False) -> None:
        self.poison, self.error, self.down = set(poison), error, down
        self.requests = 0
        self.answered: list[str] = []

    async def ask(self, share: Sequence[str]) -> None:
        await self.control()
        if self.poison & set(share):
            raise self.error
        self.answered += share

    async def control(self) -> None:
        self.requests += 1
        if self.down:
            raise self.error


@pytest.mark.parametrize("error", BROKEN)
@pytest.mark.parametrize("poison", [["C-0"], ["C-14"], ["C-99"], ["C-0", "C-1"], ["C-3", "C-40", "C-99"]])
async def test_a_row_at_which_d365_fails_is_named_and_all_others_are_read(
    error: D365TransientError, poison: list[str]
) -> None:
    d365, memory = Failing(poison, error), Memory()

    with pytest.raises(D365UnreadableKeys) as raised:
        await Chains(memory, SystemClock()).ask("CaseId", KEYS, d365.ask, control=d365.control)

    assert raised.value.keys == set(poison)
    assert sorted(d365.answered) == sorted(key for key in KEYS if key not in poison)
    assert d365.requests <= 7 + 16 * len(poison)
    assert memory.terms is None, "a failure says nothing of sizes"


@pytest.mark.parametrize("error", BROKEN)
async def test_a_row_at_which_d365_fails_is_named_though_nothing_else_is_asked_for(error: D365TransientError) -> None:
    d365 = Failing(["C-0"], error)

    with pytest.raises(D365UnreadableKeys):
        await Chains(None, SystemClock()).ask("CaseId", ["C-0"], d365.ask, control=d365.control)

    assert d365.requests == 3


@pytest.mark.parametrize("error", BROKEN)
async def test_a_d365_that_is_down_is_asked_twice(error: D365TransientError) -> None:
    d365 = Failing([], error, down=True)

    with pytest.raises(type(error)):
        await Chains(None, SystemClock()).ask("CaseId", KEYS, d365.ask, control=d365.control)

    assert d365.requests == 2


async def test_a_d365_that_goes_down_in_the_middle_is_asked_a_few_times_more() -> None:
    d365 = Failing([], D365Unavailable("500", status=500))

    async def ask(share: Sequence[str]) -> None:
        d365.down = d365.requests >= 3
        await d365.ask(share)

    with pytest.raises(D365Unavailable):
        await Chains(None, SystemClock()).ask("CaseId", KEYS, ask, control=d365.control)

    assert d365.requests == 3 + 3


async def test_a_d365_that_fails_at_every_case_is_asked_a_few_times() -> None:
    d365 = Failing(KEYS, D365Unavailable("500", status=500))

    with pytest.raises(D365UnreadableKeys) as raised:
        await Chains(None, SystemClock()).ask("CaseId", KEYS, d365.ask, control=d365.control)

    assert len(raised.value.keys) == 2
    assert d365.requests <= 15


async def test_many_rows_at_which_d365_fails_are_named_a_few_a_call() -> None:
    poison = KEYS[20:40]
    d365 = Failing(poison, D365Unavailable("500", status=500))

    with pytest.raises(D365UnreadableKeys) as raised:
        await Chains(None, SystemClock()).ask("CaseId", KEYS, d365.ask, control=d365.control)

    assert raised.value.keys < set(poison)
    assert len(raised.value.keys) == 5
    assert d365.requests <= 40


@pytest.mark.parametrize(
    "error",
    [
        D365Unavailable("D365 did not answer in time (TimeoutError)"),
        D365Unavailable("connection refused"),
        D365Unavailable("408", status=408),
        D365Unavailable("503", status=503),
        D365NotOData("504: <html>", status=504),
        D365NotOData("a redirect", status=302),
        D365AnswersTooMuch("more rows than keys"),
        D365Throttled("429", retry_after=1),
    ],
    ids=str,
)
async def test_a_failure_that_no_row_can_cause_is_not_halved(error: D365TransientError) -> None:
    d365 = Failing(["C-20"], error)

    with pytest.raises(type(error)):
        await Chains(None, SystemClock()).ask("CaseId", KEYS, d365.ask, control=d365.control)

    assert d365.requests == 2


async def test_a_failure_that_passes_names_no_key() -> None:
    d365 = Failing([], D365Unavailable("500", status=500))

    async def ask(share: Sequence[str]) -> None:
        d365.poison = set(KEYS) if d365.requests in {1, 2} else set()
        await d365.ask(share)

    await Chains(None, SystemClock()).ask("CaseId", KEYS, ask, control=d365.control)

    assert sorted(d365.answered) == sorted(KEYS)
