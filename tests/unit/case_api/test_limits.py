"""Rate limits: counted for each client and each dealer apart, told with when to come again."""

import time
from datetime import UTC, datetime

import pytest

from case_api.web.limits import RateLimits
from case_shared.auth import Principal
from case_shared.problems import Problem
from tests.support.eventually import eventually


def caller(subject: str = "ann", client: str | None = None) -> Principal:
    return Principal(subject, subject, frozenset(), frozenset(), datetime(2126, 1, 1, tzinfo=UTC), client)


def allowed(limits: RateLimits, principal: Principal, most: int = 100) -> int:
    """How many requests of `principal` are allowed at once."""
    for count in range(most):
        try:
            limits.count_client(principal)
        except Problem:
            return count
    return most


async def test_a_minutes_worth_is_allowed_at_once_and_then_the_time_is_told() -> None:
    limits = RateLimits(60, 0)
    assert 60 <= allowed(limits, caller()) <= 62
    with pytest.raises(Problem) as refused:
        limits.count_client(caller())
    problem = refused.value
    assert (problem.status, problem.slug, problem.extensions["policy"]) == (429, "too-many-requests", "client")
    assert problem.headers == {
        "Retry-After": "1",
        "RateLimit-Policy": '"client";q=60;w=60',
        "RateLimit": '"client";r=0;t=1',
    }

    async def again() -> bool:
        return allowed(limits, caller(), 1) == 1

    assert await eventually(again, within_seconds=5)


def test_a_minutes_worth_is_exact_where_many_are_taken_at_a_time() -> None:
    limits, began = RateLimits(3_500, 0), time.monotonic()
    count = allowed(limits, caller(), 10_000)
    since = (time.monotonic() - began) * 3_500 / 60
    assert 3_500 <= count <= 3_500 + since + 1


def test_a_client_is_its_application_whoever_uses_it_and_a_caller_without_one_is_alone() -> None:
    limits = RateLimits(10, 0)
    assert allowed(limits, caller("ann", "portal")) == 10
    assert allowed(limits, caller("bob", "portal")) == 0
    assert allowed(limits, caller("ann", "other")) == 10
    assert allowed(limits, caller("ann")) == 10


def test_dealers_are_counted_apart_from_clients() -> None:
    limits = RateLimits(0, 2)
    assert allowed(limits, caller()) == 100
    for _ in range(2):
        limits.count_dealer("a")
    with pytest.raises(Problem) as refused:
        limits.count_dealer("a")
    assert refused.value.extensions["policy"] == "dealer"
    limits.count_dealer("b")


def test_counting_costs_next_to_nothing_however_many_there_are() -> None:
    limits, callers = RateLimits(1_000_000, 1_000_000), [caller(str(number)) for number in range(5_000)]
    for one in callers:
        limits.count_client(one)
        limits.count_dealer(one.subject)
    began = time.process_time()
    for one in callers:
        limits.count_client(one)
        limits.count_dealer(one.subject)
    # 7 µs where the machine is quiet.
    assert (time.process_time() - began) / len(callers) < 100e-6
