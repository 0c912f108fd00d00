"""The documents of the REST API."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

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

MOST_FIELDS = 50


class Document(BaseModel):
    """Base of the answers: frozen. Later versions may add fields (docs/upgrade.md), so their schemas allow others."""

    model_config = ConfigDict(frozen=True)


class Input(BaseModel):
    """Base of what callers send: without unknown fields. Very many of them are refused as one error, not one each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and len(sent) > MOST_FIELDS:
            raise PydanticCustomError("too_many_fields", f"Send at most {MOST_FIELDS} fields.")
        return sent


class ContactInput(Input):
    """The person to ask about the case."""

    name: ContactName | None = None
    email: Annotated[ContactEmail | None, BeforeValidator(plain_email)] = None
    phone: ContactPhone | None = None


class CaseInput(Input):
    """What a dealer writes in a case. A draft may be incomplete; a submission needs a valid category."""

    category: Category | None = Field(default=None, examples=["Warranty"])
    category_type: Code | None = Field(
        default=None, description="Needed only if several types have a category with this name."
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
    """The progress of a submission."""

    submission_no: int
    state: SubmissionState
    case_id: str | None
    reason: str | None = Field(description="What D365 answered, in words for people, without technical details.")
    submitted_at: AwareDatetime
    delivered_at: AwareDatetime | None
    attempts: list[AttemptSummary]


class ContactDocument(Document):
    """The person to ask about the case."""

    name: str | None
    email: str | None
    phone: str | None


class CaseDocument(Document):
    """A case. Once D365 has it, category, priority and description come from D365."""

    web_case_id: str
    case_id: str | None = Field(description="D365's ID of the case. null until D365 has the case.")
    dealer: str
    status: CaseStatus
    status_as_of: AwareDatetime | None
    category: str | None
    category_type: str | None
    priority: str | None
    description: str | None
    contact: ContactDocument | None
    notes: str | None
    created_by: str | None = Field(description="null if the case was created in D365.")
    created_at: AwareDatetime
    updated_at: AwareDatetime
    submitted_at: AwareDatetime | None
    submission: SubmissionDocument | None
    origin: Annotated[str, StringConstraints(pattern="^(portal|d365)$")]
    moved_at: AwareDatetime | None = Field(
        description="When the case moved in D365 to another customer, another legal entity, or a category type that "
        "dealers do not see. The case then shows what was submitted and its last status before that. null "
        "if it did not move."
    )
    deleted_in_d365_at: AwareDatetime | None = Field(
        description="When Casebridge found that D365 no longer has the case. null if D365 has it."
    )
    allowed_actions: list[Action]


class CountDocument(Document):
    """A count of up to 1,000. `more` means that it is higher: show "1000+"."""

    count: int = Field(examples=[1000])
    more: bool = Field(examples=[True])


class CountsDocument(Document):
    """How many cases the list contains, and how many it would contain for each single status."""

    total: CountDocument
    statuses: dict[CaseStatus, CountDocument]


class CasePage(Document):
    """One page of the list. `next` is the cursor of the next page."""

    items: list[CaseDocument]
    next: str | None
    has_more: bool
    counts: CountsDocument | None = Field(default=None, description="Present only with `counts=true`.")


class ValidationDocument(Document):
    """The draft can be submitted as it is."""

    valid: bool


class TimelineEntry(Document):
    """One event in the life of a case."""

    at: AwareDatetime
    event: str = Field(
        description="One of created, submitted, sent (to Kafka), attempt, deferred, verifying, delivered, failed, "
        "replayed, linked, returned, discarded, restored, status, reopened, moved or deleted_in_d365. Later versions "
        "may add more.",
        examples=["submitted"],
    )
    by: str | None = Field(description="A user, `support` (the operators) or `D365`.")
    detail: str | None = Field(description="The outcome of an attempt, the reason, the Case ID or the status.")
    submission_no: int | None
    content: dict[str, Any] | None = Field(description="What was submitted.")
    duration_seconds: float | None = Field(
        description="For `sent` and the first state: the time since the submission; for later states: since the "
        "previous state; for an attempt: its duration; for a status: since the previous status."
    )


class Timeline(Document):
    """The timeline of a case, oldest event first."""

    items: list[TimelineEntry]


class DealerDocument(Document):
    """A dealer that the caller can act for."""

    dealer: str
    name: str | None
    data_area_id: str
    customer_account: str
    active: bool


class DealerList(Document):
    """The caller's dealers."""

    items: list[DealerDocument]


class CategoryDocument(Document):
    """A category from D365 that a case can have."""

    category: str
    category_type: str
    description: str | None


class CategoryList(Document):
    """The categories of the dealer's legal entity."""

    items: list[CategoryDocument]


class PriorityDocument(Document):
    """A priority from D365 that a case can have."""

    priority: str
    description: str | None


class LengthDocument(Document):
    """The maximum length of a text in a submission, in UTF-16 units (like `maxlength` in HTML)."""

    pointer: str
    characters: int


class LengthList(Document):
    """Texts for which D365 has a lower limit than this document's schemas.

    All other texts may be as long as the schemas say.
    """

    items: list[LengthDocument]


class PriorityList(Document):
    """The priorities of the dealer's legal entity."""

    items: list[PriorityDocument]
