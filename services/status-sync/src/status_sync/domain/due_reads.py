"""What is due for a read of D365, and when a read that found nothing is tried again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

# A business event can overtake the commit that it reports; the sweep finds what is not there after a minute.
RETRIES = 6
# A legal entity or a kind of key that D365 refuses must not keep the others from being read.
AFTER_REFUSAL = timedelta(seconds=30)
# Longer than the longest pause after a failure of D365 as a whole, so that the others come first.
LEFT_ALONE_SECONDS = 7.0
# A transaction of D365 stamps its rows before it commits; none should take ten minutes.
OVERLAP = timedelta(minutes=10)
# Reads of many cases are spread over time, so that they delay neither D365 nor what an event made due.
CASES_PER_SECOND = 50


class KeyKind(StrEnum):
    """Which of a case's two numbers a due read has."""

    WEB_CASE_ID = "web_case_id"
    CASE_ID = "case_id"


class CaseKey(NamedTuple):
    """A case as an event names it; `data_area_id` in lower case. Sortable, so that locks are taken in one order."""

    data_area_id: str
    kind: KeyKind
    key: str


class DueRead(NamedTuple):
    """A key that is due; `version` changes when it becomes due again; `misses` counts reads that found nothing.

    `traceparent`: of what made it due, if it had one.
    """

    key: CaseKey
    version: int
    misses: int
    traceparent: str | None = None


UNTRACED: Mapping[CaseKey, str | None] = MappingProxyType({})


def retry_after_miss(misses: int) -> timedelta | None:
    """Return how long to wait after `misses` reads that found nothing; None: give up, the sweep finds what is left."""
    return timedelta(seconds=2 ** (misses - 1)) if misses <= RETRIES else None


def retry_after_failure(failures: int) -> timedelta:
    """Return how long to leave a case alone at whose row D365 fails: longer each time, since somebody must correct it.

    It begins shortly, for a failure that passes looks the same.
    """
    return min(timedelta(seconds=5 * 2 ** min(failures, 10)), timedelta(hours=1))


@dataclass
class UnresponsiveEntities:
    """Legal entities that D365 does not answer for, though it does for others; times by the monotonic clock."""

    _failed_at: dict[str, float] = field(default_factory=dict)
    _left_alone_until: dict[str, float] = field(default_factory=dict)

    def turn(self, data_area_id: str) -> float:
        """Return the sort key: legal entities that have not failed, or not recently, come first."""
        return self._failed_at.get(data_area_id, 0)

    def failed(self, data_area_id: str, now: float) -> None:
        """Note that a read failed."""
        self._failed_at[data_area_id] = now

    def leave_alone(self, data_area_ids: Collection[str], now: float) -> None:
        """Do not ask for these for a while: D365 has answered for others."""
        self._left_alone_until.update(dict.fromkeys(data_area_ids, now + LEFT_ALONE_SECONDS))

    def answered(self, data_area_id: str) -> None:
        """Forget what was noted."""
        self._failed_at.pop(data_area_id, None)
        self._left_alone_until.pop(data_area_id, None)

    def left_alone(self, now: float) -> list[str]:
        """Return the legal entities to leave alone now."""
        return [area for area, until in self._left_alone_until.items() if now < until]
