"""Time as an object, so that logic that waits can be tested as a table."""

import time
from datetime import UTC, datetime
from typing import Protocol

# Linux's CLOCK_MONOTONIC stands still while the machine is suspended: a lease would seem to hold after its end.
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Where a component reads time; two kinds, for two questions."""

    def now(self) -> datetime:
        """Wall time, aware and in UTC: what is stored and shown."""

    def monotonic(self) -> float:
        """Seconds that never go back: what deadlines are measured with."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; goes on while the process is stopped, or the machine suspended."""
        return time.clock_gettime(_STEADY)
