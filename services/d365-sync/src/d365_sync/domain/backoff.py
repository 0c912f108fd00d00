"""How long to wait before the next try: doubling, bounded, with jitter so that many do not retry at once."""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Waits of `base_seconds`, doubling up to `max_seconds`; jitter shortens each by up to half."""

    max_seconds: float
    base_seconds: float = 1.0
    draw: Callable[[], float] = random.random

    def seconds(self, waits: int) -> float:
        """The wait in seconds after `waits` waits in a row."""
        # 2**30 seconds is beyond any maximum; more would overflow a float.
        whole = min(self.max_seconds, self.base_seconds * 2.0 ** min(waits, 30))
        return whole * (0.5 + 0.5 * self.draw())

    def asked_for(self, seconds: float) -> float:
        """The wait that D365 asked for, in seconds, lengthened by up to a tenth."""
        return seconds * (1 + 0.1 * self.draw())

    def at_least(self, asked: float | None, waits: int) -> float:
        """The longer of our own wait and the one that D365 asked for, if it did: it may ask for 0 seconds."""
        return max(self.seconds(waits), self.asked_for(asked or 0.0))
