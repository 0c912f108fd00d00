"""A clock that a test moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class HandClock:
    """Stands still at `seconds` of monotonic time until a test moves it; the time of day is moved by as much."""

    seconds: float = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds
