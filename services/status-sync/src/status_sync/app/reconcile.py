"""Reads what changed in D365, whether an event reported it or not, so that lost events do no harm."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Counter

from case_shared.d365.changes import Passed
from case_shared.d365.keys import is_key
from case_shared.d365.models import D365Case, ModifiedKey
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.telemetry import span
from status_sync.app.apply_read import ApplyRead
from status_sync.domain.due_reads import OVERLAP, CaseKey, KeyKind

log = structlog.get_logger(__name__)
_polled = Counter("casebridge_d365_polled_cases_total", "Cases that the poll has read")
_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


class Position(NamedTuple):
    """How far the poll has come; `round` changes when it must start from the beginning."""

    modified_at: datetime | None
    round: int


class Progress(Protocol):
    """Where the poll's position is kept."""

    async def poll_position(self) -> Position:
        """Return D365's modified time of the newest case applied; None before the first poll."""

    async def read_begins(self) -> datetime:
        """Return the database's time now."""

    async def advance_poll(self, modified_at: datetime, poll_round: int) -> None:
        """Move the position on, never back, and only in this round."""

    async def finish_poll(self) -> None:
        """Note that a poll has ended now."""


class ModifiedCases(Protocol):
    """The read of `D365Client` that this needs."""

    def read_modified_since(
        self, since: ModifiedKey, *, page_size: int, timeout: float, passed: Passed | None
    ) -> AsyncIterator[tuple[D365Case, ...]]:
        """Yield pages of cases by modified time and RecId; `passed` gets each row that D365 cannot write."""


class DueReads(Protocol):
    """Where due reads are kept."""

    async def make_due_now(self, keys: Sequence[CaseKey]) -> None:
        """Make `keys` due in a transaction of their own."""


@dataclass(frozen=True)
class Reconcile:
    """One poll: all pages after the position; `timeout_seconds` is for each, `progressed` is called after each.

    A case that D365 cannot write must not keep later changes from being read: the poll passes it, and makes it due.
    """

    progress: Progress
    d365: ModifiedCases
    apply_read: ApplyRead
    timeout_seconds: float
    progressed: Callable[[], None]
    due_reads: DueReads
    page_size: int = 1000

    async def handle(self) -> None:
        """Read and apply page by page; the position moves only past what was applied. Raises: D365Error."""
        position = await self.progress.poll_position()
        since = ModifiedKey(position.modified_at - OVERLAP if position.modified_at else _BEGINNING, 0)
        pages = self.d365.read_modified_since(
            since, page_size=self.page_size, timeout=self.timeout_seconds, passed=self._make_due
        )
        while True:
            began_at = await self.progress.read_begins()
            with span("reconcile"):
                page = await anext(pages, None)
                if page is None:
                    break
                if page:
                    await self._apply(began_at, page, position.round)
            self.progressed()
        await self.progress.finish_poll()

    async def _make_due(self, row: D365Case | None) -> None:
        """Read the case by its key, ever more rarely, until D365 can write it: correcting it need not modify it."""
        if row and is_key(row.data_area_id) and is_key(row.case_id):
            await self.due_reads.make_due_now([CaseKey(row.data_area_id.lower(), KeyKind.CASE_ID, row.case_id)])

    async def _apply(self, began_at: datetime, page: tuple[D365Case, ...], poll_round: int) -> None:
        changes = await self.apply_read.handle(began_at, page)
        reached(FaultPoint.PAGE_APPLIED)
        _polled.inc(len(page))
        newest = max((case.modified_at for case in page if case.modified_at), default=None)
        if newest is not None:
            # A time in the future (a wrong clock, bad data) must not hide what is modified before it.
            await self.progress.advance_poll(min(newest, began_at), poll_round)
        if changes:
            log.info("poll_found_changes", cases=len(page), changes=changes)
