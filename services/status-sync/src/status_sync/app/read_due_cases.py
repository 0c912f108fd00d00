"""Reads due cases in D365, many per request, and applies them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Protocol

import structlog

from case_shared.d365.errors import D365Throttled, D365TransientError
from case_shared.d365.keys import is_key
from case_shared.process.clock import Clock
from case_shared.process.tracing import working_on
from status_sync.app.apply_read import ApplyRead
from status_sync.app.find_absent import FindAbsent
from status_sync.app.read_part import READS, D365Cases, ReadPart, Settles, Turn
from status_sync.domain.due_reads import DueRead, KeyKind, UnresponsiveEntities

log = structlog.get_logger(__name__)
# One call has the time-out of one request, however many requests it takes.
_AT_ONCE = 100
# If this many legal entities fail and none succeeds, D365 as a whole fails.
_ENOUGH_FAILURES = 2


class Taken(NamedTuple):
    """What is due, oldest first, and the database's time at which its read begins."""

    began_at: datetime
    due: Sequence[DueRead]


class DueReads(Settles, Protocol):
    """Where due reads are kept."""

    async def take(self, limit: int, leave_alone: Collection[str]) -> Taken:
        """Return what is due now, at most `limit` per legal entity not in `leave_alone`; it stays due until settled."""


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
        turns = {area: Turn(taken.began_at, area) for area in groups}
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
            READS.labels("not_answered").inc()
            log.warning("legal_entity_not_read", data_area_id=area, error=str(error))
        self.unresponsive.leave_alone(failures, self.clock.monotonic())

    async def _read_as_far_as_possible(self, turn: Turn, due: Sequence[DueRead]) -> D365TransientError | None:
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

    async def _read_legal_entity(self, turn: Turn, due: Sequence[DueRead]) -> None:
        unusable = [one for one in due if not (is_key(turn.area) and is_key(one.key.key))]
        if unusable:
            await self._drop(turn.area, unusable)
        usable = [one for one in due if one not in set(unusable)]
        reading = ReadPart(
            self.due_reads, self.d365, self.apply_read, self.timeout_seconds, self.progressed, self.find_absent
        )
        for kind, group in groupby(usable, key=lambda one: one.key.kind):
            keys = list(group)
            for start in range(0, len(keys), _AT_ONCE):
                part = keys[start : start + _AT_ONCE]
                traces = [one.traceparent for one in part]
                attributes = {"casebridge.cases": len(part)}
                with working_on("read due cases", traces, attributes=attributes, always=True) as goes_on:
                    traced = [one._replace(traceparent=trace) for one, trace in zip(part, goes_on, strict=True)]
                    await reading.handle(turn, kind, traced)

    async def _drop(self, data_area_id: str, due: Sequence[DueRead]) -> None:
        """Forget what D365 must not be asked for; the poll brings such a case, if it exists."""
        log.warning("due_reads_dropped", data_area_id=data_area_id, keys=[one.key.key for one in due[:5]])
        READS.labels("unusable_key").inc(len(due))
        await self.due_reads.settle(due, [])


def _place(due: DueRead) -> tuple[str, KeyKind]:
    # By kind, too: one request asks for keys of one kind.
    return due.key.data_area_id, due.key.kind


def _area(due: DueRead) -> str:
    return due.key.data_area_id
