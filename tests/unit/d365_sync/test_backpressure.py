"""The breaker's probe and the check of the mapping leave D365 alone for as long as it asked."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from case_shared.d365.errors import D365Error, D365Throttled, D365Unavailable
from d365_sync.app.backpressure import Backpressure
from d365_sync.app.ports import D365, DeliveryControl
from d365_sync.domain.breaker import Breaker
from d365_sync.domain.concurrency import Concurrency
from d365_sync.domain.decision import Decision, Health
from d365_sync.domain.document import State
from tests.support.clocks import HandClock

PROBE_SECONDS = 10.0


@dataclass
class FakeD365:
    """Notes what it is asked, and raises `errors` one after the other; then it answers."""

    errors: list[D365Error] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def probe(self, **_: object) -> None:
        self._answer("probe")

    async def preflight(self, **_: object) -> list[Any]:
        self._answer("preflight")
        return []

    def _answer(self, name: str) -> None:
        self.asked.append(name)
        if self.errors:
            raise self.errors.pop(0)


class FreeControl:
    """Lets each probe through, and stores nothing."""

    async def claim_probe(self, every_seconds: float) -> bool:
        return True

    async def store_breaker(self, *shown: object, probe_seconds: float) -> None:
        pass


def backpressure(d365: FakeD365, clock: HandClock) -> Backpressure:
    control = cast("DeliveryControl", FreeControl())
    return Backpressure(cast("D365", d365), control, clock, Breaker(PROBE_SECONDS), Concurrency(8), 30.0)


def throttled(seconds: float) -> Decision:
    return Decision(state=State.DEFERRED, health=Health.THROTTLED, why="429", retry_after=seconds)


async def test_the_breaker_probes_only_once_what_d365_asked_for_has_passed() -> None:
    clock, d365 = HandClock(100), FakeD365()
    pressure = backpressure(d365, clock)
    await pressure.tend()
    d365.asked.clear()
    pressure.learn(throttled(60), started=clock.seconds)
    pressure.breaker.open("no answer", now=clock.seconds, at=clock.now())
    clock.seconds += 59.9
    await pressure.tend()
    assert d365.asked == []
    clock.seconds += 0.2
    await pressure.tend()
    assert d365.asked == ["probe"]
    assert pressure.may_send


async def test_the_mapping_is_checked_only_once_what_d365_asked_for_has_passed() -> None:
    clock, d365 = HandClock(100), FakeD365()
    pressure = backpressure(d365, clock)
    pressure.learn(throttled(60), started=clock.seconds)
    await pressure.tend()
    assert d365.asked == []
    clock.seconds += 60.1
    await pressure.tend()
    assert d365.asked == ["preflight"]


@pytest.mark.parametrize("failures_before", [[], [D365Unavailable("down")]], ids=["preflight", "probe"])
async def test_a_probe_that_d365_throttles_is_repeated_only_when_it_asked(failures_before: list[D365Error]) -> None:
    clock = HandClock(100)
    d365 = FakeD365([*failures_before, D365Throttled("busy", retry_after=60), D365Unavailable("down")])
    pressure = backpressure(d365, clock)
    await pressure.tend()
    if failures_before:
        clock.seconds += PROBE_SECONDS
        await pressure.tend()
    asked = len(d365.asked)
    clock.seconds += 59.9
    await pressure.tend()
    assert len(d365.asked) == asked
    assert 0 < pressure.wait_seconds() < 1
    clock.seconds += 0.2
    await pressure.tend()
    assert len(d365.asked) == asked + 1
