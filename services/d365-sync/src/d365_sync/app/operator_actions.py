"""What operators do with documents: named refusals, and what the use cases need from the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from case_shared.words.actor import Actor
from case_shared.words.errors import Refused, Transient
from case_shared.words.events import CaseContent
from d365_sync.domain.changes import Change
from d365_sync.domain.delivery_action import DeliveryAction
from d365_sync.domain.document import Action, Cause, DocumentId
from d365_sync.domain.permissions import Situation, allowed_actions, permission


class DocumentNotFound(Refused):
    """No such document exists."""


class DocumentChanged(Refused):
    """The document is at `revision`, not at the one that the operator `named` (0: none)."""

    def __init__(self, revision: int, named: int) -> None:
        super().__init__(f"the document is now at revision {revision}")
        self.revision, self.named = revision, named


class NotAllowed(Refused):
    """The document's situation does not permit the action; `allowed` is what it permits instead."""

    def __init__(self, why: str, now: Situation) -> None:
        super().__init__(why)
        self.allowed = allowed_actions(now)


class PayloadNeeded(Refused):
    """The document's payload was emptied, and the replay brought none."""


class D365Unreachable(Transient):
    """D365 gave no answer that the action could rely on."""


@dataclass(frozen=True, slots=True)
class Order:
    """An operator's order: which document, as it was seen (`revision`), who gave it and why."""

    document: DocumentId
    revision: int
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a document is like now, as far as actions depend on it."""

    now: Situation
    revision: int
    data_area_id: str
    customer_account: str
    look_up_pending: bool
    cause: Cause | None = None
    content: CaseContent | None = None
    case_id: str | None = None
    other_case_ids: tuple[str, ...] = ()

    def refuse_unless_allowed(self, action: Action) -> None:
        """Raise NotAllowed if something prevents the action."""
        why = permission(action, self.now).why
        if why:
            raise NotAllowed(why, self.now)


class OperatorActions(Protocol):
    """The store, as operators' use cases see it. Each change writes the audit, and raises the errors named here."""

    async def replay(self, order: Order, content: CaseContent | None, changed: Sequence[Change]) -> None: ...
    async def link(self, order: Order, case_id: str, all_case_ids: Sequence[str]) -> None: ...
    async def change(self, action: Action, order: Order) -> None: ...
    async def standing(self, document_id: DocumentId) -> Standing: ...
    async def add_note(self, document_id: DocumentId, author: Actor, text: str) -> dict[str, Any] | None: ...
    async def steer(self, action: DeliveryAction, actor: Actor, reason: str, *more: Any) -> None: ...
    async def see_record(self, record_id: int, actor: Actor, reason: str) -> None: ...
    async def publish_lately(self) -> None: ...
