"""A flood of unreadable records stops its consumer, in place of draining the topic into the dead letters.

One record that cannot be read is that record's fault; where most cannot, it is the sender's, or a release of ours.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

# Less than half of a batch, so that a flood is seen within the batch that brings it.
WINDOW_RECORDS = 200
# Fewer tell nothing: a quiet topic may begin with a few bad ones.
LEAST_RECORDS = 100
_SHARE = 0.5


def _recent() -> deque[bool]:
    return deque(maxlen=WINDOW_RECORDS)


@dataclass
class FloodGate:
    """What one group has met last: for each record whether it was unreadable.

    `known_open` is False until the database does not say any more that the group is paused.
    """

    known_open: bool = False
    _recent: deque[bool] = field(default_factory=_recent)

    def flooded_by(self, unreadable: Iterable[bool]) -> tuple[int, int] | None:
        """The first (unreadable, of so many) at which these records would be a flood; None where they are none."""
        recent = self._recent.copy()
        bad = sum(recent)
        for one in unreadable:
            bad += one - (recent[0] if len(recent) == WINDOW_RECORDS else 0)
            recent.append(one)
            # A good record ends a flood, never begins one.
            if one and len(recent) >= LEAST_RECORDS and bad > len(recent) * _SHARE:
                return bad, len(recent)
        return None

    def remember(self, unreadable: Iterable[bool]) -> None:
        """These records are stored."""
        self._recent.extend(unreadable)

    def forget(self) -> None:
        """Judge by what comes from now on: an operator has let a flood through."""
        self._recent.clear()
