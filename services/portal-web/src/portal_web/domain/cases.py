"""What case-api tells of cases, as far as pages show it."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Told(BaseModel):
    """Base: frozen; what a newer API adds is left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Status(StrEnum):
    """The statuses in the order of a case's life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_PROCESS = "in_process"
    OPEN = "open"
    CLOSED = "closed"
    CANCELED = "canceled"


class Contact(Told):
    """Whom D365's staff may ask."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Submission(Told):
    """How far a submission has come."""

    submission_no: int
    state: str
    case_id: str | None
    reason: str | None
    submitted_at: AwareDatetime
    delivered_at: AwareDatetime | None


class Case(Told):
    """A case."""

    web_case_id: str
    case_id: str | None
    dealer: str
    status: Status
    status_as_of: AwareDatetime | None
    category: str | None
    category_type: str | None
    priority: str | None
    description: str | None
    contact: Contact | None
    notes: str | None
    created_by: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    submitted_at: AwareDatetime | None
    submission: Submission | None
    origin: str
    allowed_actions: frozenset[str]

    @property
    def undelivered(self) -> bool:
        """Whether it did not arrive in D365, and its dealer must know."""
        states = {"failed", "discarded", "returned"}
        return self.submission is not None and self.submission.state in states and self.case_id is None


class Versioned(Told):
    """A case with the ETag that its next change must name."""

    case: Case
    etag: str


class Count(Told):
    """How many there are; `more`: more than that."""

    count: int
    more: bool


class Counts(Told):
    """How many cases there are in all, and of each status."""

    total: Count
    statuses: dict[Status, Count]


class Page(Told):
    """A page of the list; `counts` of the whole list."""

    items: list[Case]
    next: str | None
    has_more: bool
    counts: Counts | None = None


class Category(Told):
    """A category of D365; its name may stand in several types."""

    category: str
    category_type: str
    description: str | None


class Priority(Told):
    """A priority of D365."""

    priority: str
    description: str | None


class Event(Told):
    """Something that happened to a case."""

    at: AwareDatetime
    event: str
    by: str | None
    detail: str | None
    submission_no: int | None
    content: dict[str, Any] | None
    duration_seconds: float | None
