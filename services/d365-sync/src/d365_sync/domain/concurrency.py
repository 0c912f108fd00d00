"""How many calls D365 can take at once: additive increase, multiplicative decrease."""

from dataclasses import dataclass, field

# Far above what D365 can take, fewer steps down cost fewer waits. Just above it, halving would leave much unused.
_FAR_ABOVE, _JUST_ABOVE = 0.5, 0.75
# Trying more than D365 can take costs the wait that it asks for, so the next try waits this many times as long.
_CALM_PER_WAIT = 10.0
_SHORTEST_CALM_SECONDS = 10.0
_LONGEST_CALM_SECONDS = 120.0


@dataclass
class Concurrency:
    """Grows by one per round of answers up to `maximum`; a 429 halves it, or takes off a quarter if it had grown.

    For a while after a 429 it stays below the number refused, if at least that many calls were answered since it last
    shrank: otherwise D365 refuses everything, which says nothing about how many it can take. Calls already under way
    when it shrank say nothing new: their 429 does not shrink it again.
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
        """How many may be under way now, at least one."""
        return int(self._value)

    def answered(self, now: float) -> None:
        """Note a call that D365 accepted; `now` in monotonic seconds."""
        self._answers += 1
        highest = self._refused - 1 if now < self._calm_until else self.maximum
        self._value = max(self._value, min(self._value + 1 / self._value, float(highest)))

    def throttled(self, *, started: float, now: float, asked_seconds: float = 0) -> None:
        """Note a 429 to a call begun at `started` (monotonic seconds, like `now`), and the wait that D365 asked for."""
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
