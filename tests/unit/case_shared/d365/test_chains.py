"""Chains of `or` against a D365 that limits the number of terms, or refuses single keys."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_shared.d365.chains import FIRST_TERMS, Chains
from case_shared.d365.errors import D365ForeignLink, D365Misconfigured, D365RefusedKeys
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
