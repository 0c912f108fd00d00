"""What a document's own page has beyond the list, as operators send and get it."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from case_shared.words.events import CaseStatus
from case_shared.words.json_object import Json
from d365_sync.domain.document import Action
from d365_sync.domain.permissions import Obstacle
from d365_sync.web.requests import Body, PayloadInput


class NoteInput(Body):
    """A note for other operators. Its text is deleted together with the personal data of the case."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


class PreviewInput(Body):
    """The payload to preview. Without it, the stored payload."""

    payload: PayloadInput | None = None


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class NoteDocument(_Document):
    """A note, with its author and time."""

    id: int
    at: AwareDatetime
    author: str
    author_subject: str | None
    author_issuer: str | None
    text: str


class NotesDocument(_Document):
    """One page of notes, newest first."""

    items: list[NoteDocument]
    next: str | None
    has_more: bool


class ChangeDocument(_Document):
    """A changed field of the payload."""

    pointer: str
    before: str | None
    after: str | None


class CaseNow(_Document):
    """The case as its dealer sees it, and when it stopped following D365."""

    status: CaseStatus
    status_as_of: AwareDatetime | None = Field(description="When the read began that last showed this status.")
    moved_at: AwareDatetime | None = Field(
        description="When the case moved to another customer, legal entity or a hidden category type."
    )
    deleted_in_d365_at: AwareDatetime | None
    case_id_reused_at: AwareDatetime | None = Field(
        description="When its Case ID turned out to belong to another case in D365."
    )


class RequestDocument(_Document):
    """The request, with D365's names."""

    method: str
    url: str
    body: Json


class PermissionDocument(_Document):
    """Whether the caller can do this now. `obstacle` is the reason for programs, `why` for people."""

    action: Action
    allowed: bool
    obstacle: Obstacle | None
    why: str | None
    needs_payload: bool


class PreviewDocument(_Document):
    """What a replay would send. `problem` names a value that D365's lists do not contain, as far as they are known."""

    changes: list[ChangeDocument]
    request: RequestDocument | None
    problem: str | None


class CategoryChoice(_Document):
    """A category with its type."""

    category: str
    category_type: str


class ChoicesDocument(_Document):
    """The choices in D365 for the document's legal entity. Empty if they are not known."""

    categories: list[CategoryChoice]
    priorities: list[str]


class PayloadFormDocument(_Document):
    """What a form for editing the payload needs: the JSON Schema of `payload`, its current value, and the choices."""

    payload_schema: Json
    payload: Json | None
    choices: ChoicesDocument
