"""Erase personal data at once: of a case, of what a user wrote, or of a contact."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from case_shared.words.actor import Actor
from case_shared.words.errors import Refused

log = structlog.get_logger(__name__)
# Cases per transaction: few, so that nobody waits long for their locks.
_AT_ONCE = 200


class NothingOfTheirs(Refused):
    """The dealer does not exist, or has no such case."""


class OnTheirWay(Refused):
    """These cases are on their way to D365, which needs the data to be erased."""

    def __init__(self, web_case_ids: Sequence[str]) -> None:
        super().__init__(f"on their way to D365: {', '.join(web_case_ids)}")
        self.web_case_ids = tuple(web_case_ids)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose data: a dealer's, and one of: a case, a user (name or subject), a contact (name, address or number)."""

    dealer: str
    web_case_id: str | None = None
    user: str | None = None
    contact: str | None = None


class Found(NamedTuple):
    """A case, and whether it is on its way to D365."""

    web_case_id: str
    on_its_way: bool


class PersonalData(Protocol):
    """The store of personal data."""

    async def knows(self, dealer: str) -> bool: ...
    async def find(self, whose: Whose) -> list[Found]: ...
    async def erase(self, web_case_ids: Sequence[str], actor: Actor, reason: str) -> list[str]: ...


@dataclass(frozen=True)
class ErasePersonalData:
    """Erases in several transactions; run again after an interruption, it completes."""

    data: PersonalData

    async def __call__(self, whose: Whose, actor: Actor, reason: str, *, dry_run: bool) -> list[str]:
        """Erase the cases, or only find them (`dry_run`); return their Web Case IDs.

        Raises NothingOfTheirs, and OnTheirWay before anything is erased.
        """
        found = await self.data.find(whose) if await self.data.knows(whose.dealer) else None
        if found is None or (whose.web_case_id and not found):
            raise NothingOfTheirs(f"No such dealer or case: {whose.web_case_id or whose.dealer}")
        ids = [case.web_case_id for case in found]
        if dry_run:
            return ids
        if going := [case.web_case_id for case in found if case.on_its_way]:
            raise OnTheirWay(going)
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            erased = await self.data.erase(part, actor, reason)
            log.info("personal_data_erased", cases=len(erased))
            # One was submitted, or replayed, in between.
            if going := sorted({*part} - {*erased}):
                raise OnTheirWay(going)
        return ids
