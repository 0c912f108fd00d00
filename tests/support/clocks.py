"""Clocks that a test moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest


@dataclass
class HandClock:
    """Stays at `seconds` of monotonic time until a test moves it; the time of day moves by the same amount."""

    seconds: float = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def clock_of_limits(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    """The clock of rate limits made from now on: on a busy machine a few requests take as long as a limit counts."""
    clock = HandClock(1000)
    monkeypatch.setattr("throttled.utils.now_mono_f", clock.monotonic)
    return clock
