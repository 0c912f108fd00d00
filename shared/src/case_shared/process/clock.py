"""Time as an object, so that a table of cases can test logic that waits."""

import time
from datetime import UTC, datetime
from typing import Protocol

# Linux's CLOCK_MONOTONIC stops while the machine is suspended: a lease would seem valid after its end.
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Where a component reads time; two kinds, for two questions."""

    def now(self) -> datetime:
        """Return the wall time, aware and in UTC, for what is stored and shown."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for deadlines."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; goes on while the process is stopped, or the machine suspended."""
        return time.clock_gettime(_STEADY)
