# ruff: noqa: ASYNC109 - D365Client's signatures
"""Reads a part of what is due in one legal entity, in one call of D365, and settles it as far as D365 answers."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, assert_never

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import (
    D365ConfigurationError,
    D365Error,
    D365RefusedKeys,
    D365Throttled,
    D365TransientError,
    D365Unavailable,
    D365UnreadableKeys,
    D365UnusableKey,
)
from case_shared.d365.models import D365Case, LookUpAnswer
from case_shared.process.fault_points import FaultPoint, reached
from status_sync.app.apply_read import ApplyRead
from status_sync.app.find_absent import FindAbsent, Looked
from status_sync.domain.due_reads import AFTER_REFUSAL, DueRead, KeyKind, retry_after_failure, retry_after_miss

log = structlog.get_logger(__name__)
READS = Counter("casebridge_due_reads_total", "Due reads by result", ["outcome"])
_NAMED_AT_ONCE = 5


class Postponed(NamedTuple):
    """A due read to be tried again later."""

    due: DueRead
    misses: int
    after: timedelta


class Settles(Protocol):
    """Where due reads are kept."""

    async def settle(self, done: Sequence[DueRead], postponed: Sequence[Postponed]) -> None:
        """Delete or postpone what was read, unless it was made due again since."""


class D365Cases(Protocol):
    """The two reads of `D365Client` that this needs."""

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """Return cases by Case ID."""

    async def find_by_web_case_id(
        self, data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """Return cases by Web Case ID."""


class _Answer(NamedTuple):
    """The cases that D365 has, the keys that it has answered for, and why it has not answered for the others."""

    cases: Sequence[D365Case]
    keys: Collection[str]
    error: D365Error | None = None


@dataclass(slots=True)
class Turn:
    """One legal entity in a turn: when its read began, how many reads are settled, and whether more follows at once."""

    began_at: datetime
    area: str
    settled: int = 0
    more: bool = False


@dataclass(frozen=True)
class ReadPart:
    """Reads many cases in one call; `timeout_seconds` is for the call, `progressed` is called after each."""

    due_reads: Settles
    d365: D365Cases
    apply_read: ApplyRead
    timeout_seconds: float
    progressed: Callable[[], None]
    find_absent: FindAbsent | None

    async def handle(self, turn: Turn, kind: KeyKind, due: Sequence[DueRead]) -> None:
        """Read a part; what D365 refuses is postponed. Raises: D365TransientError, once what it answered is applied."""
        answer = await self._ask(turn.area, kind, [one.key.key for one in due])
        answered = [one for one in due if one.key.key in answer.keys]
        missing = await self._apply(turn, kind, answered, answer.cases) if answered else []
        failure = await self._leave_refused(turn, kind, [one for one in due if one not in set(answered)], answer)
        self.progressed()
        if missing and not isinstance(failure, D365Throttled):
            await self._look_for(turn, kind, missing)
        if failure:
            raise failure

    async def _leave_refused(
        self, turn: Turn, kind: KeyKind, open_: Sequence[DueRead], answer: _Answer
    ) -> D365TransientError | None:
        """Postpone what D365 refuses of what it has not answered for; return why the rest is still open."""
        match answer.error:
            case D365RefusedKeys() as error:
                await self._postpone(turn, kind, [one for one in open_ if one.key.key in error.keys], error)
                rest = [one for one in open_ if one.key.key not in error.keys]
                turn.more |= bool(rest and answer.keys)
                return None if answer.keys or not rest else D365Unavailable(error.why, status=error.status)
            case D365UnusableKey() | D365ConfigurationError() as error:
                await self._postpone(turn, kind, open_, error)
                return None
            case D365TransientError() as error:
                return error
            case _:
                return None

    async def _ask(self, area: str, kind: KeyKind, keys: Sequence[str]) -> _Answer:
        """Return what D365 has, as far as it answers: at a slow D365 the time is over before the last request."""
        try:
            return _Answer(await self._find(area, kind, keys), keys)
        except D365Error as error:
            return _Answer(error.answered.cases, error.answered.keys, error)

    async def _postpone(self, turn: Turn, kind: KeyKind, due: Sequence[DueRead], error: D365Error) -> None:
        unreadable = isinstance(error, D365UnreadableKeys)
        event, outcome = ("due_reads_unreadable", "unreadable") if unreadable else ("due_reads_refused", "refused")
        keys = [one.key.key for one in due[:_NAMED_AT_ONCE]]
        ids = error.support.by_name() if error.support else {}
        log.error(event, data_area_id=turn.area, key_kind=kind, cases=len(due), keys=keys, error=error.why, **ids)
        READS.labels(outcome).inc(len(due))
        postponed = [
            Postponed(one, one.misses + 1, retry_after_failure(one.misses))
            if unreadable
            else Postponed(one, one.misses, AFTER_REFUSAL)
            for one in due
        ]
        # This is no progress: D365 has not answered.
        await self.due_reads.settle([], postponed)

    async def _apply(
        self, turn: Turn, kind: KeyKind, due: Sequence[DueRead], found: Sequence[D365Case]
    ) -> list[DueRead]:
        """Apply and settle what D365 has of `due`, for which it has answered. Returns what is missing."""
        reached(FaultPoint.CASES_READ)
        traces = {one.key.key.casefold(): one.traceparent for one in due}
        await self.apply_read.handle(turn.began_at, found, traces=traces)
        reached(FaultPoint.READ_APPLIED)
        applied = [case for case in found if case.case_id]
        seen = {(case.case_id if kind is KeyKind.CASE_ID else case.web_case_id or "").casefold() for case in applied}
        missing = [one for one in due if one.key.key.casefold() not in seen]
        await self._settle_read(turn, [one for one in due if one not in set(missing)], [])
        return missing

    async def _look_for(self, turn: Turn, kind: KeyKind, missing: Sequence[DueRead]) -> None:
        """Look again for what D365 does not have; each part is settled before the next one is looked for."""
        by_key = {one.key.key: one for one in missing}
        async for looked in self._looked_for(turn.area, kind, list(by_key)):
            part = [by_key[key] for key in looked.keys]
            if looked.error:
                await self._postpone(turn, kind, part, looked.error)
            else:
                settled = [one for one in part if one.key.key in looked.settled]
                await self._settle_read(turn, settled, [one for one in part if one not in set(settled)])
            self.progressed()

    def _looked_for(self, area: str, kind: KeyKind, keys: Sequence[str]) -> AsyncIterator[Looked]:
        if self.find_absent is None:
            return _nobody_looks(keys)
        match kind:
            case KeyKind.CASE_ID:
                return self.find_absent.by_case_id(area, keys)
            case KeyKind.WEB_CASE_ID:
                return self.find_absent.by_web_case_id(area, keys)
            case _:
                assert_never(kind)

    async def _find(self, data_area_id: str, kind: KeyKind, keys: Sequence[str]) -> Sequence[D365Case]:
        if kind is KeyKind.CASE_ID:
            return await self.d365.read_cases_by_case_id(data_area_id, keys, timeout=self.timeout_seconds)
        answer = await self.d365.find_by_web_case_id(
            data_area_id, keys, control_case_ids=(), timeout=self.timeout_seconds
        )
        return answer.cases

    async def _settle_read(self, turn: Turn, found: Sequence[DueRead], missing: Sequence[DueRead]) -> None:
        postponed = [
            Postponed(one, one.misses + 1, after) for one in missing if (after := retry_after_miss(one.misses + 1))
        ]
        given_up = [one for one in missing if retry_after_miss(one.misses + 1) is None]
        for one in given_up:
            log.info("due_case_not_in_d365", data_area_id=one.key.data_area_id, key=one.key.key)
        await self.due_reads.settle([*found, *given_up], postponed)
        turn.settled += len(found) + len(missing)
        for outcome, count in (("found", len(found)), ("missing", len(postponed)), ("given_up", len(given_up))):
            READS.labels(outcome).inc(count)


async def _nobody_looks(keys: Sequence[str]) -> AsyncIterator[Looked]:
    yield Looked(keys)
