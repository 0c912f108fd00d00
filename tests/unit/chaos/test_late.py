"""Which seeds run again alone: only those that were late beside another system."""

import pytest

from tests.chaos.__main__ import late
from tests.chaos.checker import Kind, Violation
from tests.chaos.history import History
from tests.chaos.run import Verdict
from tests.chaos.summary import Summary


def summary(seed: int, *kinds: Kind) -> Summary:
    return Summary.of(Verdict(seed, (), History(seed), [Violation(kind, None, "") for kind in kinds], 1.0, 1.0))


@pytest.mark.parametrize(
    ("kinds", "again"),
    [((), []), ((Kind.SLOW, Kind.SLOW), [7]), ((Kind.SLOW, Kind.LOST), []), ((Kind.LOST,), [])],
)
def test_only_what_was_late_and_nothing_else_runs_again(kinds: tuple[Kind, ...], again: list[int]) -> None:
    assert late([summary(7, *kinds)]) == again
