"""What counts as flat memory, and which findings fail a soak."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.soak.ledger import Verdict
from tests.chaos.soak.memory import Memory
from tests.chaos.soak.report import Soaked, document
from tests.chaos.soak.storm import Struck

VERDICT = Verdict(acknowledged=2, in_d365=2, lost=[], doubled=[], unasked=[], dead=[], adds_up=True)
SOAKED = Soaked(
    command="make soak",
    seconds=60,
    settled_seconds=1,
    calm_seconds=25,
    verdict=VERDICT,
    unknown=0,
    surprises=[],
    struck=[Struck("kill -9 kafka", 30, 4.5)],
    memory={"case-api": [90, 91, 92, 92, 93]},
    grown=[],
)


def memory(*mib: float) -> Memory:
    world: Any = None
    found = Memory(world)
    found.samples["case-api"] = [(float(second), one) for second, one in enumerate(mib)]
    return found


@pytest.mark.parametrize(
    ("samples", "grown"),
    [
        ([60, 100, 100, 100, 101], False),
        ([60, 100, 140, 60, 110], False),
        ([60, 100, 120, 140, 160], True),
        ([0], False),
    ],
    ids=["warms up", "peaks", "leaks", "too short"],
)
def test_memory_is_flat_unless_a_service_still_grows_after_it_has_warmed_up(samples: list[float], grown: bool) -> None:
    assert bool(memory(*samples).grown()) is grown


@pytest.mark.parametrize(
    ("soaked", "passed"),
    [
        (SOAKED, True),
        (replace(SOAKED, verdict=replace(VERDICT, dead=["W1"])), True),
        (replace(SOAKED, verdict=replace(VERDICT, lost=["W1"])), False),
        (replace(SOAKED, verdict=replace(VERDICT, doubled=["W1"])), False),
        (replace(SOAKED, verdict=replace(VERDICT, unasked=["W1"])), False),
        (replace(SOAKED, verdict=replace(VERDICT, adds_up=False)), False),
        (replace(SOAKED, surprises=["W1: 422"]), False),
        (replace(SOAKED, grown=["case-api"]), False),
    ],
)
def test_a_soak_fails_by_what_is_lost_doubled_unasked_surprising_or_growing(soaked: Soaked, passed: bool) -> None:
    assert soaked.passed is passed
    assert ("| Result | passed |" in document(soaked)) is passed


def test_the_report_names_the_command_the_faults_and_the_memory() -> None:
    text = document(SOAKED)
    assert "| Command | `make soak` |" in text
    assert "| kill -9 kafka | 1 | 4.5 |" in text
    assert "| `case-api` | 90 | 91 | 92 | 92 | 93 |" in text
