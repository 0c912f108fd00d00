"""What a document's own page has beyond the list, as operators send and get it."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from case_shared.words.events import CaseStatus
from d365_sync.domain.document import Action
from d365_sync.domain.permissions import Obstacle
from d365_sync.web.requests import Body, PayloadInput

Json = dict[str, Any]


class NoteInput(Body):
    """What operators tell each other; the text ends with the personal data of the case."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


class PreviewInput(Body):
    """The payload as it would be sent; without it, the one that is stored."""

    payload: PayloadInput | None = None


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class NoteDocument(_Document):
    """A note: who wrote it, and when."""

    id: int
    at: AwareDatetime
    author: str
    author_subject: str | None
    author_issuer: str | None
    text: str


class NotesDocument(_Document):
    """A page of notes, newest first."""

    items: list[NoteDocument]
    next: str | None
    has_more: bool


class ChangeDocument(_Document):
    """A field of the payload that differs."""

    pointer: str
    before: str | None
    after: str | None


class CaseNow(_Document):
    """How a case stands: as its dealer sees it, and since when it takes nothing more from D365."""

    status: CaseStatus
    status_as_of: AwareDatetime | None = Field(description="when the read began that showed it last")
    moved_at: AwareDatetime | None = Field(description="belongs to another customer, legal entity or a hidden type")
    deleted_in_d365_at: AwareDatetime | None
    case_id_reused_at: AwareDatetime | None = Field(description="its Case ID belongs to another case of D365")


class RequestDocument(_Document):
    """The request by D365's names."""

    method: str
    url: str
    body: Json


class PermissionDocument(_Document):
    """Whether the caller may do it now; `obstacle` is a word for programs, `why` the same for people."""

    action: Action
    allowed: bool
    obstacle: Obstacle | None
    why: str | None
    needs_payload: bool


class PreviewDocument(_Document):
    """What a replay would send; `problem` names what D365's lists do not know, as far as they are known."""

    changes: list[ChangeDocument]
    request: RequestDocument | None
    problem: str | None


class CategoryChoice(_Document):
    """A category with its type."""

    category: str
    category_type: str


class ChoicesDocument(_Document):
    """What D365 lets one choose in the document's legal entity; empty where that is not known."""

    categories: list[CategoryChoice]
    priorities: list[str]


class PayloadFormDocument(_Document):
    """All that a form for an edited payload needs: the JSON Schema of `payload`, its value now, and the choices."""

    payload_schema: Json
    payload: Json | None
    choices: ChoicesDocument
