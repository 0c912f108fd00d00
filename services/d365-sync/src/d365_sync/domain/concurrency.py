"""How many calls D365 bears at once: additive increase, multiplicative decrease."""

from dataclasses import dataclass, field


@dataclass
class Concurrency:
    """Grows by one per round of answers up to `maximum`, halves on a 429.

    Calls that were already under way when it was halved say nothing new: their 429 does not halve it again.
    """

    maximum: int
    _value: float = field(default=0)
    _halved_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Start at the maximum: D365 says when that is too much."""
        self._value = self._value or float(self.maximum)

    @property
    def limit(self) -> int:
        """How many may be under way now, one at least."""
        return int(self._value)

    def answered(self) -> None:
        """Note a call that D365 took."""
        self._value = min(float(self.maximum), self._value + 1 / self._value)

    def throttled(self, *, started: float, now: float) -> None:
        """Note a 429 to a call that began at `started` (monotonic seconds, as `now`)."""
        if started >= self._halved_at:
            self._value = max(1.0, self._value / 2)
            self._halved_at = now
