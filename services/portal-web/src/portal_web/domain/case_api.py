# Generated from docs/openapi/case-api.json by `make models`: do not edit.

from typing import Any

from pydantic import AwareDatetime

from portal_web.domain.api import ApiEnum, ApiModel


class Action(ApiEnum):
    """What the dealer may do with a case now."""

    EDIT = "edit"
    DELETE = "delete"
    SUBMIT = "submit"
    COPY = "copy"


class CaseStatus(ApiEnum):
    """The status of a case as dealers see it, in the order of a case's life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_PROCESS = "in_process"
    OPEN = "open"
    CLOSED = "closed"
    CANCELED = "canceled"


class CategoryDocument(ApiModel):
    """A category from D365 that a case can have."""

    category: str
    category_type: str
    description: str | None = None


class CategoryList(ApiModel):
    """The categories of the dealer's legal entity."""

    items: list[CategoryDocument]


class ContactDocument(ApiModel):
    """The person to ask about the case."""

    email: str | None = None
    name: str | None = None
    phone: str | None = None


class CountDocument(ApiModel):
    """A count of up to 1,000. `more` means that it is higher: show "1000+"."""

    count: int
    more: bool


class CountsDocument(ApiModel):
    """How many cases the list contains, and how many it would contain for each single status."""

    statuses: dict[CaseStatus, CountDocument]
    total: CountDocument


class DealerDocument(ApiModel):
    """A dealer that the caller can act for."""

    active: bool
    customer_account: str
    data_area_id: str
    dealer: str
    name: str | None = None


class DealerList(ApiModel):
    """The caller's dealers."""

    items: list[DealerDocument]


class FieldError(ApiModel):
    """What is wrong with one field. `pointer` is a JSON pointer into the body, or names a query parameter or header."""

    detail: str
    pointer: str


class LengthDocument(ApiModel):
    """The maximum length of a text in a submission, in UTF-16 units (like `maxlength` in HTML)."""

    characters: int
    pointer: str


class LengthList(ApiModel):
    """Texts for which D365 has a lower limit than this document's schemas.

    All other texts may be as long as the schemas say.
    """

    items: list[LengthDocument]


class Outcome(ApiEnum):
    """The outcome of one attempt."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DEFERRED = "deferred"


class PriorityDocument(ApiModel):
    """A priority from D365 that a case can have."""

    description: str | None = None
    priority: str


class PriorityList(ApiModel):
    """The priorities of the dealer's legal entity."""

    items: list[PriorityDocument]


class SubmissionState(ApiEnum):
    """The progress of a submission, and the state of its document."""

    PENDING = "pending"
    DELIVERING = "delivering"
    VERIFYING = "verifying"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    FAILED = "failed"
    RETURNED = "returned"
    DISCARDED = "discarded"


class TimelineEntry(ApiModel):
    """One event in the life of a case."""

    at: AwareDatetime
    by: str | None = None
    content: dict[str, Any] | None = None
    detail: str | None = None
    duration_seconds: float | None = None
    event: str
    submission_no: int | None = None


class AttemptSummary(ApiModel):
    """One attempt, as a dealer may see it."""

    ended: AwareDatetime | None = None
    outcome: Outcome | None = None
    started: AwareDatetime


class SubmissionDocument(ApiModel):
    """The progress of a submission."""

    attempts: list[AttemptSummary]
    case_id: str | None = None
    delivered_at: AwareDatetime | None = None
    reason: str | None = None
    state: SubmissionState
    submission_no: int
    submitted_at: AwareDatetime


class Timeline(ApiModel):
    """The timeline of a case, oldest event first."""

    items: list[TimelineEntry]


class CaseDocument(ApiModel):
    """A case. Once D365 has it, category, priority and description come from D365."""

    allowed_actions: list[Action]
    case_id: str | None = None
    category: str | None = None
    category_type: str | None = None
    contact: ContactDocument | None = None
    created_at: AwareDatetime
    created_by: str | None = None
    dealer: str
    deleted_in_d365_at: AwareDatetime | None = None
    description: str | None = None
    moved_at: AwareDatetime | None = None
    notes: str | None = None
    origin: str
    priority: str | None = None
    status: CaseStatus
    status_as_of: AwareDatetime | None = None
    submission: SubmissionDocument | None = None
    submitted_at: AwareDatetime | None = None
    updated_at: AwareDatetime
    web_case_id: str


class CasePage(ApiModel):
    """One page of the list. `next` is the cursor of the next page."""

    counts: CountsDocument | None = None
    has_more: bool
    items: list[CaseDocument]
    next: str | None = None
