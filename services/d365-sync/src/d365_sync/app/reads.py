"""What operators read, as the routes see the stores; rows are dictionaries by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from case_shared.d365.check.report import Proof
from case_shared.words.actor import Actor
from d365_sync.app.ports import Backlog, Control
from d365_sync.domain.document import Alarm, DocumentId, State
from d365_sync.domain.ledger import JUDGED_SECONDS

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents; None filters nothing."""

    states: Sequence[State] = tuple(State)
    dealer: str | None = None
    cause: str | None = None
    older_than_seconds: float | None = None
    text: str | None = None
    alarm: Alarm | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries of the audit; None filters nothing."""

    document: DocumentId | None = None
    replay: UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The last document of a page."""

    created_at: datetime
    id: DocumentId


class ReadsQueue(Protocol):
    """Documents, replays, unreadable records, the audit and the ledger."""

    async def documents(self, wanted: Filter, behind: Place | None, limit: int) -> list[Row]: ...
    async def document(self, document_id: DocumentId) -> Row | None: ...
    async def notes(self, document_id: DocumentId, below: int | None, limit: int) -> list[Row]: ...
    async def groups(self) -> list[Row]: ...
    async def unreadable_records(
        self, topic: str | None, seen: bool | None, below: int | None, limit: int
    ) -> list[Row]: ...
    async def unreadable_record(self, record_id: int) -> Row | None: ...
    async def paused_consumers(self) -> list[Row]: ...
    async def audit(self, wanted: AuditFilter, below: int | None, limit: int) -> list[Row]: ...
    async def replays(self, behind: tuple[datetime, UUID] | None, limit: int) -> list[Row]: ...
    async def replay(self, replay_id: UUID) -> Row | None: ...
    async def replay_documents(self, replay_id: UUID, behind: int, outcome: str | None, limit: int) -> list[Row]: ...
    async def ledger(self, older_than_seconds: float = JUDGED_SECONDS) -> Row: ...


class ReadsDelivery(Protocol):
    """The state of delivery as a whole."""

    async def read(self) -> Control: ...
    async def backlog(self) -> list[Backlog]: ...


class ReadsDealers(Protocol):
    """The registry of dealers."""

    async def page(
        self, text: str | None, behind: str | None, limit: int, *, active: bool | None, failed: bool | None
    ) -> list[Row]: ...


class ReadsRestores(Protocol):
    """Restores of D365."""

    async def shown(self, restore_id: UUID) -> Row | None: ...
    async def newest(self, limit: int) -> list[Row]: ...


class ReadsChecks(Protocol):
    """The last check of the D365 environment."""

    @property
    def environment(self) -> str: ...
    async def steps(self) -> list[Row]: ...
    async def proof(self) -> Proof | None: ...


class Windows(Protocol):
    """Maintenance windows. Each change writes the audit."""

    async def add(self, begins_at: datetime | None, ends_at: datetime, actor: Actor, reason: str) -> None: ...
    async def end(self, window_id: UUID, actor: Actor, reason: str) -> bool: ...
    async def list(self, *, past: bool = False) -> list[Row]: ...
