"""Back-off, concurrency and breaker."""

from datetime import UTC, datetime

import pytest

from d365_sync.domain.backoff import Backoff
from d365_sync.domain.breaker import FAILURES_TO_OPEN, THROTTLED_SECONDS_TO_OPEN, Breaker, BreakerState
from d365_sync.domain.concurrency import Concurrency
from d365_sync.domain.ledger import PLACES, adds_up

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("waits", "draw", "seconds"), [(0, 1, 1), (0, 0, 0.5), (3, 1, 8), (3, 0, 4), (20, 1, 300), (10**6, 0, 150)]
)
def test_waits_double_up_to_the_longest_with_jitter_over_half_of_it(waits: int, draw: float, seconds: float) -> None:
    assert Backoff(300, draw=lambda: draw).seconds(waits) == seconds


def test_what_d365_asks_for_is_never_shortened() -> None:
    assert Backoff(1, draw=lambda: 0).asked_for(30) == 30
    assert Backoff(1, draw=lambda: 1).asked_for(30) == pytest.approx(33)


@pytest.mark.parametrize(("asked", "waits", "seconds"), [(0, 3, 8), (None, 3, 8), (-5, 0, 1), (600, 3, 660), (7, 3, 8)])
def test_the_longer_of_what_was_asked_and_our_own_wait(asked: float | None, waits: int, seconds: float) -> None:
    assert Backoff(300, draw=lambda: 1).at_least(asked, waits) == pytest.approx(seconds)


def test_a_429_halves_a_round_of_answers_adds_one_and_a_429_after_growth_takes_a_quarter() -> None:
    concurrency = Concurrency(48)
    concurrency.throttled(started=1, now=2)
    assert concurrency.limit == 24
    for _ in range(100):
        concurrency.answered(3)
    assert concurrency.limit == 27
    concurrency.throttled(started=3, now=4)
    assert concurrency.limit == 20


def test_calls_begun_before_it_shrank_do_not_shrink_it_again() -> None:
    concurrency = Concurrency(48)
    for started in (1.0, 1.5, 1.9):
        concurrency.throttled(started=started, now=2)
    assert concurrency.limit == 24
    concurrency.throttled(started=2, now=3)
    assert concurrency.limit == 12


def test_concurrency_stays_between_one_and_its_maximum() -> None:
    concurrency = Concurrency(2)
    for now in range(1, 20):
        concurrency.throttled(started=now, now=now)
    assert concurrency.limit == 1
    for _ in range(100):
        concurrency.answered(1000)
    assert concurrency.limit == 2


@pytest.mark.parametrize(("asked", "calm"), [(0, 10), (5, 55), (3600, 3720)])
def test_it_stays_below_what_was_refused_the_longer_the_longer_d365_asked_to_wait(asked: float, calm: float) -> None:
    concurrency = Concurrency(20)
    for _ in range(20):
        concurrency.answered(0)
    concurrency.throttled(started=0, now=0, asked_seconds=asked)
    for _ in range(1000):
        concurrency.answered(calm - 0.1)
    assert concurrency.limit == 19
    for _ in range(20):
        concurrency.answered(calm)
    assert concurrency.limit == 20


def test_it_recovers_at_once_where_d365_had_refused_whatever_came() -> None:
    concurrency = Concurrency(20)
    for now in range(1, 6):
        concurrency.throttled(started=now, now=now, asked_seconds=60)
    assert concurrency.limit == 1
    for _ in range(1000):
        concurrency.answered(6)
    assert concurrency.limit == 20


def failed(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed("no answer", now=0, at=AT)


def test_a_flood_of_failures_opens_the_breaker_and_an_answer_between_does_not() -> None:
    breaker = Breaker(30)
    failed(breaker, FAILURES_TO_OPEN - 1)
    breaker.answered()
    failed(breaker, FAILURES_TO_OPEN - 1)
    assert breaker.closed
    failed(breaker, 1)
    assert (breaker.state, breaker.since, breaker.reason) == (BreakerState.OPEN, AT, "no answer")


def test_429_opens_it_only_after_a_long_time_of_nothing_else() -> None:
    breaker = Breaker(30)
    breaker.answered()
    idle = 1000.0
    for _ in range(1000):
        breaker.throttled("429", now=idle, at=AT)
        breaker.throttled("429", now=idle + THROTTLED_SECONDS_TO_OPEN - 1, at=AT)
    assert breaker.closed, "an idle time is none of nothing but 429"
    breaker.throttled("429", now=idle + THROTTLED_SECONDS_TO_OPEN, at=AT)
    assert not breaker.closed


def test_one_probe_an_interval_and_its_answer_closes() -> None:
    breaker = Breaker(30)
    breaker.open("configuration", now=100, at=AT)
    assert [breaker.probe_due(now) for now in (100, 129, 130)] == [False, False, True]
    breaker.probing()
    assert not breaker.closed
    breaker.open("still", now=130, at=AT)
    assert not breaker.probe_due(159)
    breaker.probing()
    breaker.close(at=AT)
    assert (breaker.closed, breaker.reason) == (True, None)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, True),
        ({"submissions": 3, "open": 1, "delivered": 1, "failed": 1}, True),
        ({"submissions": 2, "open": 1}, False),
        ({"submissions": 1, "no_document": 1}, False),
        ({"without_submission": 1}, False),
        ({"submissions": 1, "delivered": 1, "without_case_id": 1}, False),
    ],
)
def test_the_ledger(changes: dict[str, int], verdict: bool) -> None:
    counts = dict.fromkeys((*PLACES, "submissions", "without_submission", "without_case_id"), 0)

    assert adds_up({**counts, **changes}) is verdict
