# ruff: noqa: ASYNC109 - D365Client's signatures
"""Reads due cases in D365, many per request, and applies them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple, Protocol, assert_never

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import (
    D365ConfigurationError,
    D365Error,
    D365Throttled,
    D365TransientError,
    D365UnusableKey,
)
from case_shared.d365.keys import is_key
from case_shared.d365.models import D365Case, LookUpAnswer
from case_shared.process.clock import Clock
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.tracing import working_on
from status_sync.app.apply_read import ApplyRead
from status_sync.app.find_absent import FindAbsent, Looked
from status_sync.domain.due_reads import DueRead, KeyKind, UnresponsiveEntities, retry_after_miss

log = structlog.get_logger(__name__)
_reads = Counter("casebridge_due_reads_total", "Due reads by result", ["outcome"])
# A legal entity or a kind of key that D365 refuses must not keep the others from being read.
_AFTER_REFUSAL = timedelta(seconds=30)
# One call has the time-out of one request, however many requests it takes.
_AT_ONCE = 100
# If this many legal entities fail and none succeeds, D365 as a whole fails.
_ENOUGH_FAILURES = 2


class Taken(NamedTuple):
    """What is due, oldest first, and the database's time at which its read begins."""

    began_at: datetime
    due: Sequence[DueRead]


class Postponed(NamedTuple):
    """A due read to be tried again later."""

    due: DueRead
    misses: int
    after: timedelta


class DueReads(Protocol):
    """Where due reads are kept."""

    async def take(self, limit: int, leave_alone: Collection[str]) -> Taken:
        """Return what is due now, at most `limit` per legal entity not in `leave_alone`; it stays due until settled."""

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
class _Turn:
    """One legal entity in a turn: when its read began, how many reads are settled, and whether more follows at once."""

    began_at: datetime
    area: str
    settled: int = 0
    more: bool = False


@dataclass(frozen=True)
class ReadDueCases:
    """Reads what is due; `timeout_seconds` is for one request, `progressed` is called after each request's worth.

    A legal entity that D365 does not answer for, and a key that it refuses, do not delay others. Each answer counts:
    what a failure left unread is read next.
    """

    due_reads: DueReads
    d365: D365Cases
    apply_read: ApplyRead
    timeout_seconds: float
    progressed: Callable[[], None]
    clock: Clock
    limit: int = 400
    unresponsive: UnresponsiveEntities = field(default_factory=UnresponsiveEntities)
    find_absent: FindAbsent | None = None

    async def handle(self) -> bool:
        """Read and apply what is due now; True if more may be due.

        Raises: D365TransientError if D365 as a whole is away: it throttles us, or has answered for no legal entity.
        What was not read stays due.
        """
        taken = await self.due_reads.take(self.limit, self.unresponsive.left_alone(self.clock.monotonic()))
        groups = {area: list(due) for area, due in groupby(sorted(taken.due, key=_place), key=_area)}
        turns = {area: _Turn(taken.began_at, area) for area in groups}
        failures: dict[str, D365TransientError] = {}
        answered = 0
        for area in sorted(groups, key=self.unresponsive.turn):
            failure = await self._read_as_far_as_possible(turns[area], groups[area])
            if failure is None:
                self.unresponsive.answered(area)
                answered += 1
            else:
                self.unresponsive.failed(area, self.clock.monotonic())
                failures[area] = failure
                if isinstance(failure, D365Throttled) or (not answered and len(failures) == _ENOUGH_FAILURES):
                    raise failure
        self._judge(failures, answered)
        return any(turns[area].more or len(due) >= self.limit for area, due in groups.items() if area not in failures)

    def _judge(self, failures: Mapping[str, D365TransientError], answered: int) -> None:
        """Leave alone those that failed while others succeeded. Raises: D365TransientError if none did."""
        for area, error in failures.items():
            if not answered:
                raise error
            _reads.labels("not_answered").inc()
            log.warning("legal_entity_not_read", data_area_id=area, error=str(error))
        self.unresponsive.leave_alone(failures, self.clock.monotonic())

    async def _read_as_far_as_possible(self, turn: _Turn, due: Sequence[DueRead]) -> D365TransientError | None:
        """Return the failure of a legal entity of which nothing could be settled.

        One of which something could is not unresponsive: with a slow D365, or one that fails now and then, the rest
        comes next.
        """
        try:
            await self._read_legal_entity(turn, due)
        except D365TransientError as error:
            if isinstance(error, D365Throttled) or not turn.settled:
                return error
            turn.more = True
            log.warning("legal_entity_read_in_part", data_area_id=turn.area, settled=turn.settled, error=str(error))
        return None

    async def _read_legal_entity(self, turn: _Turn, due: Sequence[DueRead]) -> None:
        unusable = [one for one in due if not (is_key(turn.area) and is_key(one.key.key))]
        if unusable:
            await self._drop(turn.area, unusable)
        usable = [one for one in due if one not in set(unusable)]
        for kind, group in groupby(usable, key=lambda one: one.key.kind):
            keys = list(group)
            for start in range(0, len(keys), _AT_ONCE):
                part = keys[start : start + _AT_ONCE]
                traces = [one.traceparent for one in part]
                attributes = {"casebridge.cases": len(part)}
                with working_on("read due cases", traces, attributes=attributes, always=True) as goes_on:
                    traced = [one._replace(traceparent=trace) for one, trace in zip(part, goes_on, strict=True)]
                    await self._read(turn, kind, traced)

    async def _read(self, turn: _Turn, kind: KeyKind, due: Sequence[DueRead]) -> None:
        """Read a part; what D365 refuses is postponed. Raises: D365TransientError, once what it answered is applied."""
        answer = await self._ask(turn.area, kind, [one.key.key for one in due])
        answered = [one for one in due if one.key.key in answer.keys]
        missing = await self._apply(turn, kind, answered, answer.cases) if answered else []
        if isinstance(answer.error, (D365UnusableKey, D365ConfigurationError)):
            await self._postpone(turn, kind, [one for one in due if one not in set(answered)], answer.error.why)
        self.progressed()
        if missing and not isinstance(answer.error, D365Throttled):
            await self._look_for(turn, kind, missing)
        if isinstance(answer.error, D365TransientError):
            raise answer.error

    async def _ask(self, area: str, kind: KeyKind, keys: Sequence[str]) -> _Answer:
        """Return what D365 has, as far as it answers: at a slow D365 the time is over before the last request."""
        try:
            return _Answer(await self._find(area, kind, keys), keys)
        except D365Error as error:
            return _Answer(error.answered.cases, error.answered.keys, error)

    async def _drop(self, data_area_id: str, due: Sequence[DueRead]) -> None:
        """Forget what D365 must not be asked for; the poll brings such a case, if it exists."""
        log.warning("due_reads_dropped", data_area_id=data_area_id, keys=[one.key.key for one in due[:5]])
        _reads.labels("unusable_key").inc(len(due))
        await self.due_reads.settle(due, [])

    async def _postpone(self, turn: _Turn, kind: KeyKind, due: Sequence[DueRead], why: str) -> None:
        log.error("due_reads_refused", data_area_id=turn.area, key_kind=kind, cases=len(due), error=why)
        _reads.labels("refused").inc(len(due))
        await self._settle(turn, [], [Postponed(one, one.misses, _AFTER_REFUSAL) for one in due])

    async def _apply(
        self, turn: _Turn, kind: KeyKind, due: Sequence[DueRead], found: Sequence[D365Case]
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

    async def _look_for(self, turn: _Turn, kind: KeyKind, missing: Sequence[DueRead]) -> None:
        """Look again for what D365 does not have; each part is settled before the next one is looked for."""
        by_key = {one.key.key: one for one in missing}
        async for looked in self._looked_for(turn.area, kind, list(by_key)):
            part = [by_key[key] for key in looked.keys]
            if looked.error:
                await self._postpone(turn, kind, part, looked.error.why)
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

    async def _settle_read(self, turn: _Turn, found: Sequence[DueRead], missing: Sequence[DueRead]) -> None:
        postponed = [
            Postponed(one, one.misses + 1, after) for one in missing if (after := retry_after_miss(one.misses + 1))
        ]
        given_up = [one for one in missing if retry_after_miss(one.misses + 1) is None]
        for one in given_up:
            log.info("due_case_not_in_d365", data_area_id=one.key.data_area_id, key=one.key.key)
        await self._settle(turn, [*found, *given_up], postponed)
        for outcome, count in (("found", len(found)), ("missing", len(postponed)), ("given_up", len(given_up))):
            _reads.labels(outcome).inc(count)

    async def _settle(self, turn: _Turn, done: Sequence[DueRead], postponed: Sequence[Postponed]) -> None:
        await self.due_reads.settle(done, postponed)
        turn.settled += len(done) + len(postponed)


async def _nobody_looks(keys: Sequence[str]) -> AsyncIterator[Looked]:
    yield Looked(keys)


def _place(due: DueRead) -> tuple[str, KeyKind]:
    # By kind, too: one request asks for keys of one kind.
    return due.key.data_area_id, due.key.kind


def _area(due: DueRead) -> str:
    return due.key.data_area_id
