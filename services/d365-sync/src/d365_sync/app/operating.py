"""What operators do with documents: named refusals, and what the use cases need of the store."""

from dataclasses import dataclass
from typing import Protocol

from case_shared.errors import Refused, Transient
from case_shared.events import CaseContent
from d365_sync.domain.document import Action, DocumentId, State


class DocumentNotFound(Refused):
    """There is no such document."""


class DocumentChanged(Refused):
    """The document is not as the operator saw it; `revision` is what it is now."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the document is at revision {revision} now")
        self.revision = revision


class NotAllowed(Refused):
    """The document's state does not permit the action."""

    def __init__(self, why: str, state: State) -> None:
        super().__init__(why)
        self.state = state


class D365Unreachable(Transient):
    """D365 gave no answer on which the action could rest."""


@dataclass(frozen=True, slots=True)
class Order:
    """An operator's order: which document, as it was seen (`revision`), by whom and why."""

    document: DocumentId
    revision: int
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a document stands now."""

    state: State
    revision: int
    data_area_id: str
    customer_account: str
    verifying: bool


class Desk(Protocol):
    """The store, as operators' use cases see it. Each change raises what `operating` names, and writes the audit."""

    async def replay(self, order: Order, content: CaseContent | None, fields: list[str]) -> None: ...
    async def link(self, order: Order, case_id: str) -> None: ...
    async def change(self, action: Action, order: Order) -> None: ...
    async def standing(self, document_id: DocumentId) -> Standing: ...
