"""A flood of unreadable records stops its consumer, instead of draining the topic into the unreadable records.

If one record cannot be read, the record is to blame; if most cannot, the sender is, or a release of ours.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

# Less than half of a batch, so that a flood is noticed within its first batch.
WINDOW_RECORDS = 200
# Fewer say nothing: a quiet topic may start with a few bad ones.
LEAST_RECORDS = 100
_SHARE = 0.5


def _recent() -> deque[bool]:
    return deque(maxlen=WINDOW_RECORDS)


@dataclass
class FloodGate:
    """What one group has met last: for each record whether it was unreadable.

    `known_open` is False until the database no longer says that the group is paused.
    """

    known_open: bool = False
    _recent: deque[bool] = field(default_factory=_recent)

    def flooded_by(self, unreadable: Iterable[bool]) -> tuple[int, int] | None:
        """Return the first (unreadable, total) counts that make these records a flood; None if they are none."""
        recent = self._recent.copy()
        bad = sum(recent)
        for one in unreadable:
            bad += one - (recent[0] if len(recent) == WINDOW_RECORDS else 0)
            recent.append(one)
            # A good record ends a flood, never starts one.
            if one and len(recent) >= LEAST_RECORDS and bad > len(recent) * _SHARE:
                return bad, len(recent)
        return None

    def remember(self, unreadable: Iterable[bool]) -> None:
        """Count these records: they are stored."""
        self._recent.extend(unreadable)

    def forget(self) -> None:
        """Judge only by what comes from now on: an operator has let a flood through."""
        self._recent.clear()
