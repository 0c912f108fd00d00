"""Our clock against the server's: tokens and assertions are valid for minutes, so minutes matter."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from case_shared.process.clock import Clock

TOLERATED_SECONDS = 60.0


def seconds_ahead(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return how many seconds our clock is ahead of the answer's `Date` (negative: behind), None if it has none."""
    try:
        answered = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return (clock.now() - answered.replace(tzinfo=answered.tzinfo or UTC)).total_seconds()


def clock_problem(headers: Mapping[str, str], clock: Clock) -> str | None:
    """Return what to say if our clock is off by more than a minute, else None."""
    ahead = seconds_ahead(headers, clock)
    if ahead is None or abs(ahead) <= TOLERATED_SECONDS:
        return None
    direction = "ahead of" if ahead > 0 else "behind"
    return f"this machine's clock is {abs(ahead):.0f} s {direction} the server's; correct it (NTP)"
