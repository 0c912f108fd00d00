"""Compare a case whose POST D365 never answered with what was sent: D365 may have shortened a text.

If the POST was answered, the answer shows that (`echo.py`); a look-up or another service's evidence does not.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from case_shared.d365.chains import FIRST_TERMS
from case_shared.d365.echo import Difference
from case_shared.d365.errors import D365Error
from case_shared.d365.models import CaseToCreate
from d365_sync.app.ports import D365
from d365_sync.domain.document import DocumentId

log = structlog.get_logger(__name__)
# One request, so that a slow D365 does not answer for nothing.
_BATCH = FIRST_TERMS
_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivered document, what was sent for it, and the Case ID that D365 gave it."""

    id: DocumentId
    case_id: str
    case: CaseToCreate


class Stored(Protocol):
    """Keeps what is known about how D365 stored each document's case."""

    async def due(self, limit: int) -> list[Delivered]:
        """Delivered documents that are not compared yet."""

    async def note(self, document: Delivered, found: Sequence[Difference]) -> None:
        """Note what differs; a difference is an alarm."""

    async def postpone(self, documents: Sequence[Delivered], seconds: float) -> None:
        """Try again after `seconds`: D365 gave no answer."""


@dataclass(frozen=True)
class CompareStored:
    """Reads such cases and notes what differs. Best effort: no document's state depends on it."""

    d365: D365
    stored: Stored
    timeout_seconds: float

    async def __call__(self) -> bool:
        """Compare a batch; True if there may be more."""
        due = await self.stored.due(_BATCH)
        places: dict[str, list[Delivered]] = defaultdict(list)
        for document in due:
            places[document.case.data_area_id].append(document)
        for place, documents in places.items():
            await self._compare(place, documents)
        return len(due) == _BATCH

    async def _compare(self, data_area_id: str, documents: list[Delivered]) -> None:
        sent = {one.case_id: one.case for one in documents}
        try:
            found = await self.d365.read_stored(data_area_id, sent, timeout=self.timeout_seconds)
        except D365Error as error:
            log.warning("not_compared", documents=len(documents), error=error.why)
            await self.stored.postpone(documents, _RETRY_SECONDS)
            return
        for document in documents:
            # A case that D365 no longer has differs in nothing.
            await self.stored.note(document, found.get(document.case_id, ()))
