"""The circuit breaker: many failures stop sending, instead of draining the queue into dead letters."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# In a row, with no answer in between: fewer may be isolated failures.
FAILURES_TO_OPEN = 10
# A 429 shows that D365 works: it opens the breaker only after this long of 429s without any other answer.
THROTTLED_SECONDS_TO_OPEN = 60.0


class BreakerState(StrEnum):
    """Closed: work flows. Open: nothing is sent. Half open: one probe, a read, is under way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass
class Breaker:
    """Counts unknown and deferred outcomes, never rejections. `now` is monotonic, `at` is wall time."""

    probe_seconds: float
    state: BreakerState = BreakerState.CLOSED
    since: datetime | None = None
    reason: str | None = None
    _failures: int = 0
    _throttled_since: float | None = None
    _probe_at: float = float("-inf")

    @property
    def closed(self) -> bool:
        """Whether documents may be sent."""
        return self.state is BreakerState.CLOSED

    def answered(self) -> None:
        """Note that D365 gave an answer, a refusal included."""
        self._failures = 0
        self._throttled_since = None

    def failed(self, why: str, *, now: float, at: datetime) -> None:
        """Note an unknown outcome, or that nothing could be sent."""
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self.open(why, now=now, at=at)

    def throttled(self, why: str, *, now: float, at: datetime) -> None:
        """Note a 429."""
        self._failures += 1
        self._throttled_since = now if self._throttled_since is None else self._throttled_since
        if self._failures >= FAILURES_TO_OPEN and now - self._throttled_since >= THROTTLED_SECONDS_TO_OPEN:
            self.open(why, now=now, at=at)

    def open(self, why: str, *, now: float, at: datetime) -> None:
        """Stop sending; configuration errors do so at once. Keeps the newest reason and the time of the first."""
        if self.state is BreakerState.CLOSED:
            self.since = at
        self.state, self.reason = BreakerState.OPEN, why
        self._probe_at = now + self.probe_seconds

    def probe_due(self, now: float) -> bool:
        """Whether it is time for a probe."""
        return self.state is not BreakerState.CLOSED and now >= self._probe_at

    def probing(self) -> None:
        """Note that the probe is under way."""
        self.state = BreakerState.HALF_OPEN

    def close(self, *, at: datetime) -> None:
        """Let work flow again: the probe was answered."""
        self.state, self.since, self.reason = BreakerState.CLOSED, at, None
        self.answered()
