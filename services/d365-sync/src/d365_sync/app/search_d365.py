"""Search a dealer's cases in D365, so that an operator finds the one to link, without slowing delivery down."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from case_shared.d365.errors import D365Error
from case_shared.d365.models import D365Case
from case_shared.words.category_types import CategoryTypes
from case_shared.words.errors import Refused
from d365_sync.app.operator_actions import D365Unreachable
from d365_sync.app.ports import Control
from d365_sync.domain.breaker import BreakerState
from d365_sync.domain.document import DocumentId

_MOST = 25
_AT_ONCE = 2
_QUEUE_SECONDS = 3.0
_TIMEOUT_SECONDS = 15.0


class DealerNotFound(Refused):
    """No such dealer is registered."""


@dataclass(frozen=True, slots=True)
class Account:
    """A dealer's customer account in D365."""

    data_area_id: str
    customer_account: str


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A D365 case; `document` is the one already linked to it."""

    case: D365Case
    document: DocumentId | None


class SearchesCases(Protocol):
    """The part of the D365 client used here; `timeout` in seconds."""

    async def search_cases(
        self,
        data_area_id: str,
        customer_account: str,
        text: str,
        *,
        most: int,
        timeout: float,  # noqa: ASYNC109
    ) -> tuple[D365Case, ...]: ...


class Registry(Protocol):
    """The dealers, and which of our documents is linked to which case."""

    async def account(self, dealer: str) -> Account | None: ...
    async def documents_of(self, data_area_id: str, case_ids: Sequence[str]) -> dict[str, DocumentId]: ...


class ReadsControl(Protocol):
    """The state of delivery."""

    async def read(self) -> Control: ...


@dataclass(frozen=True)
class SearchD365:
    """Sends two requests at a time, none while the breaker is open: delivery has its own connections and goes first."""

    d365: SearchesCases
    registry: Registry
    control: ReadsControl
    category_types: CategoryTypes
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def __call__(self, dealer: str, text: str) -> tuple[list[FoundCase], bool]:
        """Return the newest 25 matches, less those that dealers may not see, and whether more cases match.

        Raises DealerNotFound, D365Unreachable.
        """
        account = await self.registry.account(dealer)
        if account is None:
            raise DealerNotFound(f"Dealer {dealer} does not exist")
        breaker = await self.control.read()
        if breaker.breaker is not BreakerState.CLOSED:
            raise D365Unreachable(
                f"Nothing is sent to D365 at the moment: {breaker.breaker_reason or 'it does not answer'}"
            )
        newest = await self._search(account, text)
        cases = [case for case in newest[:_MOST] if not self.category_types.hide(case.category_type)]
        tied = await self.registry.documents_of(account.data_area_id, [case.case_id for case in cases])
        return [FoundCase(case, tied.get(case.case_id)) for case in cases], len(newest) > _MOST

    async def _search(self, account: Account, text: str) -> tuple[D365Case, ...]:
        try:
            async with asyncio.timeout(_QUEUE_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise D365Unreachable("Too many searches are running. Try again in a moment") from None
        try:
            return await self.d365.search_cases(
                account.data_area_id, account.customer_account, text, most=_MOST + 1, timeout=_TIMEOUT_SECONDS
            )
        except D365Error as error:
            raise D365Unreachable(f"D365 gave no answer: {error.why}") from error
        finally:
            self._slots.release()
