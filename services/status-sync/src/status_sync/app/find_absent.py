# ruff: noqa: ASYNC109 - D365Client's signatures
"""D365's answer lacks a case that it has shown before: is the case gone, and where to?

A case is gone only if the answer shows another case known to exist (a positive control). An empty list proves nothing:
D365 also sends one if a role hides cases from us. A case that D365 has never shown may be too new for its answer: its
number is given up only if the case is found under another one, or if D365 assigned it long ago. A case that D365 shows
without any number is not gone.

If a row's number belongs to another case now, the row's Web Case ID is looked up instead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from case_shared.d365.errors import D365ConfigurationError, D365Error, D365UnusableKey
from case_shared.d365.keys import is_key
from case_shared.d365.models import D365Case, LookUpAnswer
from status_sync.app.apply_read import ApplyRead
from status_sync.app.doubt_environment import DoubtEnvironment
from status_sync.app.plan_read import Gone

log = structlog.get_logger(__name__)
_AT_ONCE = 8


class Looked(NamedTuple):
    """Missing keys that were looked for again: which need no other try; `error`: D365 refuses to be asked for them."""

    keys: Sequence[str]
    settled: Collection[str] = ()
    error: D365Error | None = None


class Numbers(NamedTuple):
    """Case IDs of followed rows with their Web Case IDs, those that D365 must know, and others as controls."""

    followed: Mapping[str, str]
    shown: Collection[str]
    controls: Collection[str]


class Rows(Protocol):
    """The read model."""

    async def find_numbers(self, data_area_id: str, case_ids: Collection[str]) -> Numbers:
        """Return which of these Case IDs belong to followed rows, and others as controls."""

    async def find_reused(self, data_area_id: str, web_case_ids: Collection[str]) -> Collection[str]:
        """Return which of these rows lost their Case ID to another case, after D365 had shown their Web Case ID."""

    async def read_begins(self) -> datetime:
        """Return the database's time now."""


class D365Cases(Protocol):
    """The reads of `D365Client` that this needs."""

    async def find_by_web_case_id(
        self, data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """Return cases by Web Case ID, with positive controls."""

    async def find_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """Return cases by Case ID, with positive controls."""

    async def find_anywhere(self, web_case_ids: Collection[str], *, timeout: float) -> tuple[D365Case, ...]:
        """Return cases by Web Case ID, in all legal entities."""


@dataclass(frozen=True)
class FindAbsent:
    """Looks again for cases that an answer omitted, and applies what it finds, wherever that is now."""

    rows: Rows
    d365: D365Cases
    apply_read: ApplyRead
    timeout_seconds: float
    doubts: DoubtEnvironment

    async def by_case_id(self, data_area_id: str, case_ids: Sequence[str]) -> AsyncIterator[Looked]:
        """Yield `case_ids` part by part: those that are surely gone, or were there after all, are settled.

        Raises: D365TransientError.
        """
        numbers = await self.rows.find_numbers(data_area_id, case_ids)
        known = [case_id for case_id in case_ids if case_id in numbers.followed and is_key(case_id)]
        yield Looked([case_id for case_id in case_ids if case_id not in known])
        async for looked in _in_parts(known, lambda part: self._look_again(data_area_id, part, numbers)):
            yield looked

    async def by_web_case_id(self, data_area_id: str, web_case_ids: Sequence[str]) -> AsyncIterator[Looked]:
        """Do the same by Web Case ID: settled are those that lost their Case ID, and are surely gone, or elsewhere."""
        reused = await self.rows.find_reused(data_area_id, web_case_ids)
        lost = [web_case_id for web_case_id in web_case_ids if web_case_id in reused]
        yield Looked([web_case_id for web_case_id in web_case_ids if web_case_id not in reused])
        if not lost:
            return
        numbers = await self.rows.find_numbers(data_area_id, [])
        async for looked in _in_parts(lost, lambda part: self._look_everywhere(data_area_id, part, numbers)):
            yield looked

    async def _look_everywhere(self, data_area_id: str, web_case_ids: Sequence[str], numbers: Numbers) -> set[str]:
        began_at = await self.rows.read_begins()
        answer = await self.d365.find_by_web_case_id(
            data_area_id, web_case_ids, control_case_ids=_controls(numbers), timeout=self.timeout_seconds
        )
        gone = [web_case_id for web_case_id in web_case_ids if answer.is_surely_absent(web_case_id)]
        elsewhere = await self.d365.find_anywhere(gone, timeout=self.timeout_seconds) if gone else ()
        found = [case for cases in answer.found.values() for case in cases]
        numbered, unnumbered = _web_case_ids([*found, *elsewhere])
        nowhere = {web_case_id for web_case_id in gone if web_case_id.casefold() not in numbered | unnumbered}
        await self.apply_read.handle(began_at, [*found, *elsewhere], Gone(web_case_ids=nowhere))
        return {one for one in (*answer.found, *gone) if one in nowhere or one.casefold() in numbered}

    async def _look_again(self, data_area_id: str, case_ids: Sequence[str], numbers: Numbers) -> set[str]:
        began_at = await self.rows.read_begins()
        answer = await self.d365.find_by_case_id(
            data_area_id, case_ids, control_case_ids=_controls(numbers), timeout=self.timeout_seconds
        )
        gone = [case_id for case_id in case_ids if answer.is_surely_absent(case_id)]
        if unsure := [case_id for case_id in case_ids if case_id not in answer.found and case_id not in gone]:
            log.info("absence_not_proven", data_area_id=data_area_id, case_ids=unsure)
            await self._doubt(data_area_id, unsure, answer, numbers)
        elsewhere = await self.d365.find_anywhere(
            [numbers.followed[case_id] for case_id in gone], timeout=self.timeout_seconds
        )
        renumbered, unnumbered = _web_case_ids(elsewhere)
        followed = {case_id: numbers.followed[case_id].casefold() for case_id in gone}
        sure = [
            case_id
            for case_id in gone
            if followed[case_id] in renumbered or (case_id in numbers.shown and followed[case_id] not in unnumbered)
        ]
        found = [case for cases in answer.found.values() for case in cases]
        absent = {(data_area_id, case_id) for case_id in sure}
        await self.apply_read.handle(began_at, [*found, *elsewhere], Gone(numbers=absent))
        return {*answer.found, *sure}

    async def _doubt(self, data_area_id: str, unsure: Sequence[str], answer: LookUpAnswer, numbers: Numbers) -> None:
        """Report to operators if neither the cases nor a control are there, though D365 has shown them before."""
        known = [case_id for case_id in unsure if case_id in numbers.shown]
        if known and not answer.found:
            await self.doubts.nothing_shown(data_area_id, f"{numbers.followed[known[0]]} had {known[0]}")


async def _in_parts(
    keys: Sequence[str], look: Callable[[Sequence[str]], Awaitable[Collection[str]]]
) -> AsyncIterator[Looked]:
    """Look for a few keys per request; one by one if D365 refuses some of them."""
    parts = [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
    while parts:
        part = parts.pop(0)
        try:
            looked = Looked(part, await look(part))
        except D365UnusableKey as error:
            if len(part) > 1:
                parts = [*([key] for key in part), *parts]
                continue
            looked = Looked(part, error=error)
        except D365ConfigurationError as error:
            looked = Looked(part, error=error)
        yield looked


def _web_case_ids(cases: Sequence[D365Case]) -> tuple[set[str], set[str]]:
    """Return the Web Case IDs of cases that have their Case ID, and of those that D365 has given none yet."""
    numbered = {(case.web_case_id or "").casefold() for case in cases if case.case_id}
    return numbered, {(case.web_case_id or "").casefold() for case in cases if not case.case_id}


def _controls(numbers: Numbers) -> list[str]:
    return [case_id for case_id in numbers.controls if is_key(case_id)]
