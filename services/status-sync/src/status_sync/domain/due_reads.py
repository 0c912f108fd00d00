"""What is due for a read of D365, and when one that found nothing is tried again."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

# A business event can overtake the commit that it tells of; what is not there after a minute is left to the sweep.
RETRIES = 6


class KeyKind(StrEnum):
    """Which of a case's two numbers a due read has."""

    WEB_CASE_ID = "web_case_id"
    CASE_ID = "case_id"


class CaseKey(NamedTuple):
    """A case as a doorbell names it; `data_area_id` in lower case. They sort, so that locks are taken in one order."""

    data_area_id: str
    kind: KeyKind
    key: str


class DueRead(NamedTuple):
    """A key that is due; `version` changes with each doorbell, `misses` counts the reads that found nothing."""

    key: CaseKey
    version: int
    misses: int


def retry_after_miss(misses: int) -> timedelta | None:
    """How long to wait after `misses` reads that found nothing; None: give up, reconciliation heals what is left."""
    return timedelta(seconds=2 ** (misses - 1)) if misses <= RETRIES else None
