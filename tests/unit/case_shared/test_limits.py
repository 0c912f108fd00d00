"""Rate limits per user, client and dealer, with the time to wait."""

import time

import pytest

from case_shared.web.limits import RateLimits
from case_shared.web.problems import Problem
from tests.support.clocks import HandClock, clock_of_limits
from tests.support.patience import PATIENCE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    return clock_of_limits(monkeypatch)


def allowed(
    limits: RateLimits, user: str, client: str | None = None, dealer: str | None = None, most: int = 100
) -> int:
    """How many consecutive requests are allowed now."""
    for count in range(most):
        try:
            limits.count(user, client, dealer)
        except Problem:
            return count
    return most


def refused(limits: RateLimits, user: str, client: str | None = None, dealer: str | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        limits.count(user, client, dealer)
    return caught.value


def test_a_minutes_worth_is_allowed_at_once_and_then_the_time_is_named(clock: HandClock) -> None:
    limits = RateLimits(user_per_minute=60)
    assert allowed(limits, "ann") == 60
    problem = refused(limits, "ann")
    assert (problem.status, problem.slug, problem.extensions["policy"]) == (429, "too-many-requests", "user")
    assert problem.headers == {
        "Retry-After": "1",
        "RateLimit-Policy": '"user";q=60;w=60',
        "RateLimit": '"user";r=0;t=1',
    }
    clock.seconds += 1
    assert allowed(limits, "ann") == 1


@pytest.mark.usefixtures("clock")
def test_one_user_of_a_portal_locks_out_no_other() -> None:
    limits = RateLimits(user_per_minute=10, client_per_minute=15)
    assert allowed(limits, "ann", "portal") == 10
    # Ann's refused requests count for nobody: bob has the whole rest of the portal.
    assert refused(limits, "ann", "portal").extensions["policy"] == "user"
    assert allowed(limits, "bob", "portal") == 5
    assert refused(limits, "bob", "portal").extensions["policy"] == "client"
    assert allowed(limits, "bob", "other") == 5
    assert allowed(limits, "eve") == 10


@pytest.mark.usefixtures("clock")
def test_a_call_that_a_dealers_limit_refuses_counts_towards_no_other() -> None:
    limits = RateLimits(user_per_minute=10, client_per_minute=10, dealer_per_minute=2)
    assert allowed(limits, "ann", "portal", "a") == 2
    for _ in range(20):
        assert refused(limits, "ann", "portal", "a").extensions["policy"] == "dealer"
    assert allowed(limits, "ann", "portal") == 8


def test_no_limit_lets_all_in() -> None:
    assert allowed(RateLimits(), "ann", "portal", "a") == 100


def test_counting_costs_next_to_nothing_however_many_there_are() -> None:
    limits, users = RateLimits(1_000_000, 1_000_000, 1_000_000), [str(number) for number in range(5_000)]
    for user in users:
        limits.count(user, user, user)
    began = time.process_time()
    for user in users:
        limits.count(user, user, user)
    # 21 µs on a quiet machine.
    assert (time.process_time() - began) / len(users) < 200e-6 * PATIENCE
