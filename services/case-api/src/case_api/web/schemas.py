"""The documents of the REST API."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from case_api.domain.case import Action, Content
from case_shared.words.events import (
    AttemptSummary,
    CaseStatus,
    Category,
    Code,
    ContactEmail,
    ContactName,
    ContactPhone,
    Description,
    Notes,
    SubmissionState,
)
from case_shared.words.written import plain_email


class Document(BaseModel):
    """Base of the documents: frozen, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContactInput(Document):
    """Whom D365's staff may ask about the case."""

    name: ContactName | None = None
    email: Annotated[ContactEmail | None, BeforeValidator(plain_email)] = None
    phone: ContactPhone | None = None


class CaseInput(Document):
    """What a dealer writes into a case. A draft may be incomplete; a submission needs a category that exists."""

    category: Category | None = Field(default=None, examples=["Warranty"])
    category_type: Code | None = Field(
        default=None, description="only needed where the category's name stands in several types"
    )
    priority: Code | None = Field(default=None, examples=["High"])
    description: Description | None = Field(default=None, examples=["The hydraulic pump leaks."])
    contact: ContactInput | None = None
    notes: Notes | None = None

    def changes(self) -> dict[str, str | None]:
        """Return the columns that a merge patch (RFC 7396) of this body sets; null empties, what is omitted stays."""
        changed: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set - {"contact"}}
        if "contact" in self.model_fields_set:
            parts = ContactInput.model_fields if self.contact is None else self.contact.model_fields_set
            changed |= {f"contact_{part}": getattr(self.contact, part, None) for part in parts}
        return changed

    def content(self) -> Content:
        """Return the content of a new case."""
        return Content(**self.changes())


class SubmissionDocument(Document):
    """How far a submission has come."""

    submission_no: int
    state: SubmissionState
    case_id: str | None
    reason: str | None = Field(description="what D365 answered, cleaned of technicalities; for people")
    submitted_at: AwareDatetime
    delivered_at: AwareDatetime | None
    attempts: list[AttemptSummary]


class ContactDocument(Document):
    """Whom D365's staff may ask about the case."""

    name: str | None
    email: str | None
    phone: str | None


class CaseDocument(Document):
    """A case. Once D365 has it, category, priority and description are D365's."""

    web_case_id: str
    case_id: str | None = Field(description="D365's; null until D365 has the case")
    dealer: str
    status: CaseStatus
    status_as_of: AwareDatetime | None
    category: str | None
    category_type: str | None
    priority: str | None
    description: str | None
    contact: ContactDocument | None
    notes: str | None
    created_by: str | None = Field(description="null where the case was born in D365")
    created_at: AwareDatetime
    updated_at: AwareDatetime
    submitted_at: AwareDatetime | None
    submission: SubmissionDocument | None
    origin: Annotated[str, StringConstraints(pattern="^(portal|d365)$")]
    moved_at: AwareDatetime | None = Field(
        description="since when the case in D365 belongs to another customer or legal entity, or to a category type "
        "that dealers do not see: this case then shows what was submitted and the last status from before; else null"
    )
    deleted_in_d365_at: AwareDatetime | None = Field(description="since when D365 does not have the case; else null")
    allowed_actions: list[Action]


class CountDocument(Document):
    """How many there are, a thousand at most; `more`: more than that (show "1000+")."""

    count: int = Field(examples=[1000])
    more: bool = Field(examples=[True])


class CountsDocument(Document):
    """How many cases the list has, and how many it would have for each status alone."""

    total: CountDocument
    statuses: dict[CaseStatus, CountDocument]


class CasePage(Document):
    """A page of the list; `next` is the cursor of the next one."""

    items: list[CaseDocument]
    next: str | None
    has_more: bool
    counts: CountsDocument | None = Field(default=None, description="with `counts=true` only")


class ValidationDocument(Document):
    """The draft could be submitted as it stands."""

    valid: bool


class TimelineEntry(Document):
    """Something that happened to a case."""

    at: AwareDatetime
    event: str = Field(
        description="created, submitted, sent (Kafka has it), attempt, deferred, verifying, delivered, failed, "
        "replayed, linked, returned, discarded, restored, status, reopened, moved or deleted_in_d365; more may come",
        examples=["submitted"],
    )
    by: str | None = Field(description="a user; `support` for the operators of the delivery; `D365`")
    detail: str | None = Field(description="an attempt's outcome, the reason, the Case ID or the status")
    submission_no: int | None
    content: dict[str, Any] | None = Field(description="what was submitted")
    duration_seconds: float | None = Field(
        description="sent and the first state: since submitted; each later state: since the one before; an attempt: "
        "from its start to its end; a status: since the status before"
    )


class Timeline(Document):
    """The life of a case, oldest first."""

    items: list[TimelineEntry]


class DealerDocument(Document):
    """A dealer that the caller may act for."""

    dealer: str
    name: str | None
    data_area_id: str
    customer_account: str
    active: bool


class DealerList(Document):
    """The caller's dealers."""

    items: list[DealerDocument]


class CategoryDocument(Document):
    """A category of D365 that a case may have."""

    category: str
    category_type: str
    description: str | None


class CategoryList(Document):
    """The categories of the dealer's legal entity."""

    items: list[CategoryDocument]


class PriorityDocument(Document):
    """A priority of D365 that a case may have."""

    priority: str
    description: str | None


class LengthDocument(Document):
    """How long a text may be that is submitted, in UTF-16 units (as `maxlength` of HTML counts)."""

    pointer: str
    characters: int


class LengthList(Document):
    """The texts that D365 shortens, were they longer; others may be as long as this document's schemas say."""

    items: list[LengthDocument]


class PriorityList(Document):
    """The priorities of the dealer's legal entity."""

    items: list[PriorityDocument]
