"""A case as case-api knows it: the dealer's columns, D365's, and the state of the current submission."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from case_shared.words.events import SubmissionState

# d365-sync sends nothing more by itself: `Prefer: wait` waits for these states.
ENDED = frozenset(
    {SubmissionState.DELIVERED, SubmissionState.FAILED, SubmissionState.RETURNED, SubmissionState.DISCARDED}
)


class Action(StrEnum):
    """What the dealer may do with a case now."""

    EDIT = "edit"
    DELETE = "delete"
    SUBMIT = "submit"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Content:
    """What a dealer writes into a case; None: nothing."""

    category: str | None = None
    category_type: str | None = None
    priority: str | None = None
    description: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """How far a submission has come; `attempts` have the fields of case_shared.words.events.AttemptSummary."""

    submission_no: int
    state: SubmissionState
    case_id: str | None
    cause: str | None
    reason: str | None
    submitted_at: datetime
    delivered_at: datetime | None
    attempts: list[dict[str, Any]]

    @property
    def ended(self) -> bool:
        """Whether the outcome is known."""
        return self.state in ENDED

    @property
    def delivered_as(self) -> str | None:
        """The Case ID that D365 answered with; until status-sync has stored it in the case, it is the case's, too."""
        return self.case_id if self.state is SubmissionState.DELIVERED else None


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `content` is D365's if D365 has been read for it, else the dealer's.

    `moved_at`: since when its record in D365 belongs to somebody else; `content` is then the dealer's own again, and
    nothing newer comes. `deleted_in_d365_at`: since when D365 does not have it.
    """

    web_case_id: str
    case_id: str | None
    dealer: str
    status: str
    status_as_of: datetime | None
    content: Content
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    submission: Submission | None
    submission_no: int
    origin: str
    phase: str
    version: int
    moved_at: datetime | None = None
    deleted_in_d365_at: datetime | None = None

    @property
    def allowed_actions(self) -> list[Action]:
        """What the dealer may do with it now; a returned case can be edited, but not deleted."""
        if self.phase != "draft":
            return [Action.COPY]
        if self.submission is not None:
            return [Action.EDIT, Action.SUBMIT, Action.COPY]
        return [Action.EDIT, Action.DELETE, Action.SUBMIT, Action.COPY]
