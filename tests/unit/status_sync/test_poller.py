"""How long D365 is left alone after a failure."""

from datetime import UTC, datetime

from case_shared.d365.errors import D365Throttled, D365Unavailable
from status_sync.poller import Patience


class ManualClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_the_pause_doubles_and_has_an_end() -> None:
    patience = Patience(ManualClock())
    pauses = [patience.failed(D365Unavailable("down")) for _ in range(40)]
    assert all(0.2 <= pause <= 5.0 for pause in pauses)
    assert pauses[0] <= 0.4 < 2.5 <= min(pauses[10:])


def test_d365_says_how_long() -> None:
    clock = ManualClock()
    patience = Patience(clock)
    assert not patience.exhausted()
    assert patience.failed(D365Throttled("busy", retry_after=17)) == 17
    clock.seconds += 16.9
    assert patience.exhausted()
    clock.seconds += 0.2
    assert not patience.exhausted()


def test_an_answer_makes_it_forget() -> None:
    patience = Patience(ManualClock())
    for _ in range(10):
        patience.failed(D365Unavailable("down"))
    patience.succeeded()
    assert patience.failed(D365Unavailable("down")) <= 0.4
