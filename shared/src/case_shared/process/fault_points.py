"""Named places between two durable effects, where a test can have this very process killed or frozen.

Inert unless `FAULT_POINTS_DIR` names a folder: a file there with the name of a point arms it once, for the first
process that reaches it. Only the fault harness (tests/chaos) does so.
"""

import os
import signal
from enum import StrEnum
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


class FaultPoint(StrEnum):
    """Where a process may die between two effects that outlive it; the name says what was done last."""

    SUBMISSION_COMMITTED = "submission_committed"
    OUTBOX_PUBLISHED = "outbox_published"
    SUBMISSION_SENT_AGAIN = "submission_sent_again"
    BATCH_STORED = "batch_stored"
    INTENT_STORED = "intent_stored"
    LOOK_UP_ANSWERED = "look_up_answered"
    CASE_POSTED = "case_posted"
    OUTCOMES_STORED = "outcomes_stored"
    DELIVERIES_PUBLISHED = "deliveries_published"
    REPLAY_ORDERED = "replay_ordered"
    REPLAY_STEPPED = "replay_stepped"
    REPLAY_FORESEEN = "replay_foreseen"
    D365_RESTORE_STEPPED = "d365_restore_stepped"
    EVENTS_FORWARDED = "events_forwarded"
    CASES_READ = "cases_read"
    READ_APPLIED = "read_applied"
    STATUSES_PUBLISHED = "statuses_published"
    PAGE_APPLIED = "page_applied"
    LEASE_TAKEN = "lease_taken"
    DOCUMENTS_CLAIMED = "documents_claimed"


_SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
_directory: Path | None = None


def arm(directory: Path | None) -> None:
    """Look for armed points in `directory` from now on; None: never."""
    global _directory  # noqa: PLW0603 - one process, one switch, set once at its start
    _directory = directory
    if directory is not None:
        log.warning("fault_points_armed", setting="FAULT_POINTS_DIR", points=[point.value for point in FaultPoint])


def reached(point: FaultPoint) -> None:
    """Die or freeze here if somebody has armed `point`."""
    if _directory is not None:
        _strike(_directory / point)


def _strike(armed: Path) -> None:
    # Renaming claims the file: it strikes only one of several processes, and then shows which.
    struck = armed.with_name(f"{armed.name}.{os.getpid()}")
    try:
        armed.rename(struck)
    except FileNotFoundError:
        return
    os.kill(os.getpid(), _SIGNALS[struck.read_text().strip()])
