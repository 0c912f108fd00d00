# ruff: noqa: ASYNC109 - D365Client's signatures
"""D365 as the status machine sees it: cases with a history, and reads that a test can delay halfway."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from case_shared.d365.changes import Passed
from case_shared.d365.models import Customer, D365Case, LookUpAnswer, ModifiedKey

AREA = "usmf"
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class Version:
    """A version of a case from `since` on; `since` is the database's time just after the change."""

    case: D365Case
    since: datetime


@dataclass
class D365Model:
    """D365's cases: each change of a case is a version, identified by its description."""

    histories: dict[str, list[Version]] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)

    def case(self, case_id: str) -> D365Case:
        """The current version of a case."""
        return self.histories[case_id][-1].case

    def cases(self) -> list[D365Case]:
        """The current version of every case."""
        return [self.case(case_id) for case_id in self.histories]

    def write(self, case: D365Case, since: datetime) -> None:
        """Create or change a case."""
        history = self.histories.setdefault(case.case_id, [])
        changes = {"description": f"version {len(history)}", "rec_id": list(self.histories).index(case.case_id) + 1}
        history.append(Version(case.model_copy(update=changes), since))

    def first_version_at(self, case_id: str, moment: datetime) -> int:
        """The oldest version that a read which began at `moment` may show."""
        return max(number for number, one in enumerate(self.histories[case_id]) if number == 0 or one.since <= moment)

    def holding(self, submission_id: UUID) -> D365Case | None:
        """The case of a submission."""
        return next((case for case in self.cases() if case.submission_id == submission_id), None)


@dataclass
class Connection:
    """D365's reads for one process. `held`: the first answer waits for `release`.

    `answers_late`: D365 reads its cases at the end of that time, otherwise at its beginning.
    """

    d365: D365Model
    held: bool = False
    answers_late: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let answers pass."""
        self.released.set()

    async def _answer(self, look: Callable[[], AnswerT]) -> AnswerT:
        if not self.held:
            return look()
        early = look()
        self.asked.set()
        await self.released.wait()
        return look() if self.answers_late else early

    async def read_cases_by_case_id(
        self, _data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """Cases by Case ID."""
        return await self._answer(lambda: tuple(case for case in self.d365.cases() if case.case_id in case_ids))

    async def find_by_web_case_id(
        self, _data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """Cases by Web Case ID."""

        def look() -> LookUpAnswer:
            found = {one.web_case_id: (one,) for one in self.d365.cases() if one.web_case_id}
            return LookUpAnswer({number: found[number] for number in web_case_ids if number in found}, {})

        return await self._answer(look)

    async def read_modified_since(
        self, since: ModifiedKey, *, page_size: int, timeout: float, passed: Passed | None
    ) -> AsyncIterator[tuple[D365Case, ...]]:
        """Pages in the order of ModifiedKey; each page reads the current cases."""
        position = since
        while True:
            page = await self._answer(lambda start=position: self._page(start, page_size))  # type: ignore[misc]
            if not page:
                return
            yield page
            if len(page) < page_size:
                return
            position = _key(page[-1])

    def _page(self, after: ModifiedKey, size: int) -> tuple[D365Case, ...]:
        following = sorted((case for case in self.d365.cases() if _key(case) > after), key=_key)
        return tuple(following[:size])

    async def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """The dealers."""
        yield tuple(Customer(data_area_id=AREA, customer_account=account) for account in sorted(self.d365.accounts))


def _key(case: D365Case) -> ModifiedKey:
    assert case.modified_at is not None
    assert case.rec_id is not None
    return ModifiedKey(case.modified_at, case.rec_id)
