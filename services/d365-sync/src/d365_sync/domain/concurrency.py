"""How many calls D365 bears at once: additive increase, multiplicative decrease."""

from dataclasses import dataclass, field

# Far above what D365 bears, fewer steps down cost fewer waits. One above it, a half would leave a quarter unused.
_FAR_ABOVE, _JUST_ABOVE = 0.5, 0.75
# To try more than D365 bore costs the wait that it asks for: so the next try waits this many times as long.
_CALM_PER_WAIT = 10.0
_SHORTEST_CALM_SECONDS = 10.0
_LONGEST_CALM_SECONDS = 120.0


@dataclass
class Concurrency:
    """Grows by one per round of answers up to `maximum`, halves on a 429; takes a quarter where it had grown before.

    For a while after a 429 it stays below what was refused, where as many as that were answered since it last shrank:
    else D365 refuses whatever comes, which says nothing about how many it bears. Calls that were already under way when
    it shrank say nothing new: their 429 does not shrink it again.
    """

    maximum: int
    _value: float = field(default=0)
    _refused: int = 0
    _answers: int = 0
    _shrunk_to: float = 0
    _shrunk_at: float = float("-inf")
    _calm_until: float = float("-inf")

    def __post_init__(self) -> None:
        """Start at the maximum: D365 says when that is too much."""
        self._value = self._shrunk_to = self._value or float(self.maximum)

    @property
    def limit(self) -> int:
        """How many may be under way now, one at least."""
        return int(self._value)

    def answered(self, now: float) -> None:
        """Note a call that D365 took; `now` in monotonic seconds."""
        self._answers += 1
        highest = self._refused - 1 if now < self._calm_until else self.maximum
        self._value = max(self._value, min(self._value + 1 / self._value, float(highest)))

    def throttled(self, *, started: float, now: float, asked_seconds: float = 0) -> None:
        """Note a 429 to a call that began at `started` (monotonic seconds, as `now`); D365 asked to wait so long."""
        if started >= self._shrunk_at:
            if self._answers >= self.limit:
                self._keep_below(self.limit, now, asked_seconds)
            self._answers = 0
            grown = self._value - self._shrunk_to >= 1
            self._value = self._shrunk_to = max(1.0, self._value * (_JUST_ABOVE if grown else _FAR_ABOVE))
            self._shrunk_at = now

    def _keep_below(self, refused: int, now: float, asked_seconds: float) -> None:
        calm = max(_SHORTEST_CALM_SECONDS, min(_LONGEST_CALM_SECONDS, _CALM_PER_WAIT * asked_seconds))
        self._refused, self._calm_until = refused, now + asked_seconds + calm
