# ruff: noqa: ASYNC109 - D365Client's signatures
"""Cases are due: they are read in D365, many in one request, and applied."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import D365ConfigurationError
from case_shared.d365.models import D365Case, ReadBack
from case_shared.fault_points import FaultPoint, reached
from case_shared.telemetry import span
from status_sync.app.apply_read import ApplyRead
from status_sync.domain.due_reads import DueRead, KeyKind, retry_after_miss

log = structlog.get_logger(__name__)
_reads = Counter("casebridge_due_reads_total", "Due reads by what came of them", ["outcome"])
# A legal entity or a kind of key that D365 refuses to be asked for must not keep the others from being read.
_AFTER_REFUSAL = timedelta(seconds=30)


class Taken(NamedTuple):
    """What is due, oldest first, and the database's time at which the read of it begins."""

    began_at: datetime
    due: Sequence[DueRead]


class Postponed(NamedTuple):
    """A due read that is to be tried again later."""

    due: DueRead
    misses: int
    after: timedelta


class DueReads(Protocol):
    """Where due reads are kept."""

    async def take(self, limit: int) -> Taken:
        """What is due now, at most `limit`; it stays there until it is settled."""

    async def settle(self, done: Sequence[DueRead], postponed: Sequence[Postponed]) -> None:
        """Delete or postpone what was read, each only if nobody has rung for it since."""


class D365Cases(Protocol):
    """The two reads of `D365Client` that this needs."""

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """Cases by Case ID."""

    async def find_by_web_case_id(
        self, data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> ReadBack:
        """Cases by Web Case ID."""


@dataclass(frozen=True)
class ReadDueCases:
    """Reads what is due; `timeout_seconds` is for one legal entity, after each of which `progressed` is called."""

    due_reads: DueReads
    d365: D365Cases
    apply_read: ApplyRead
    timeout_seconds: float
    progressed: Callable[[], None]
    limit: int = 400

    async def handle(self) -> bool:
        """Read and apply what is due now; True where there may be more.

        Raises: D365TransientError: what is due stays so, and no other legal entity was asked.
        """
        taken = await self.due_reads.take(self.limit)
        for (data_area_id, kind), group in groupby(sorted(taken.due), key=lambda due: due.key[:2]):
            due = list(group)
            with span("read due cases", attributes={"casebridge.cases": len(due)}):
                await self._read(taken.began_at, data_area_id, kind, due)
            self.progressed()
        return len(taken.due) == self.limit

    async def _read(self, began_at: datetime, data_area_id: str, kind: KeyKind, due: Sequence[DueRead]) -> None:
        keys = [one.key.key for one in due]
        try:
            found = await self._find(data_area_id, kind, keys)
        except D365ConfigurationError as error:
            log.error("due_reads_refused", data_area_id=data_area_id, key_kind=kind, cases=len(due), error=str(error))
            _reads.labels("refused").inc(len(due))
            await self.due_reads.settle([], [Postponed(one, one.misses, _AFTER_REFUSAL) for one in due])
            return
        reached(FaultPoint.CASES_READ)
        await self.apply_read.handle(began_at, found)
        reached(FaultPoint.READ_APPLIED)
        seen = {(case.case_id if kind is KeyKind.CASE_ID else case.web_case_id or "").casefold() for case in found}
        await self._settle(
            [one for one in due if one.key.key.casefold() in seen],
            [one for one in due if one.key.key.casefold() not in seen],
        )

    async def _find(self, data_area_id: str, kind: KeyKind, keys: Sequence[str]) -> Sequence[D365Case]:
        if kind is KeyKind.CASE_ID:
            return await self.d365.read_cases_by_case_id(data_area_id, keys, timeout=self.timeout_seconds)
        answer = await self.d365.find_by_web_case_id(
            data_area_id, keys, control_case_ids=(), timeout=self.timeout_seconds
        )
        return [case for cases in answer.found.values() for case in cases]

    async def _settle(self, found: Sequence[DueRead], missing: Sequence[DueRead]) -> None:
        postponed = [
            Postponed(one, one.misses + 1, after) for one in missing if (after := retry_after_miss(one.misses + 1))
        ]
        given_up = [one for one in missing if retry_after_miss(one.misses + 1) is None]
        for one in given_up:
            log.info("due_case_not_in_d365", data_area_id=one.key.data_area_id, key=one.key.key)
        await self.due_reads.settle([*found, *given_up], postponed)
        for outcome, count in (("found", len(found)), ("missing", len(postponed)), ("given_up", len(given_up))):
            _reads.labels(outcome).inc(count)
