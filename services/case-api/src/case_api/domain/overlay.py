"""A case as it will be once d365-sync's newest step, which may not be stored yet, is stored.

The live streams read `case.delivery.v1` in parallel with the consumer that stores its news, perhaps in another
replica. Whichever comes first, a stream must not show an older state than the one that woke it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from case_api.domain.case import Case, Submission
from case_shared.words.events import CaseStatus, SubmissionState


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far d365-sync has come with the current submission of a case, read from d365-sync's own tables."""

    revision: int
    state: SubmissionState
    case_id: str | None
    cause: str | None
    reason: str | None
    attempts: list[dict[str, Any]]
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class LiveCase:
    """A case as it is stored, the revision of its submission's stored state, and where d365-sync is with it."""

    case: Case
    revision: int
    delivery: Delivery | None

    @property
    def has_news(self) -> bool:
        """Whether d365-sync is further than what is stored."""
        return self.delivery is not None and self.delivery.revision != self.revision


def with_delivery(found: LiveCase) -> Case:
    """Return the case with d365-sync's news if there are any, else as it is stored.

    One change is left to the event that follows it: a delivery that comes after the case was returned to the dealer
    brings the submitted content back, which only the database has.
    """
    case, delivery = found.case, found.delivery
    if delivery is None or case.submission is None or not found.has_news:
        return case
    submission = _submission(case.submission, delivery)
    case = replace(case, submission=submission, case_id=case.case_id or submission.delivered_as)
    if delivery.state is SubmissionState.RETURNED and case.phase == "submitted":
        return replace(case, phase="draft", status=CaseStatus.DRAFT.value, version=case.version + 1)
    if delivery.state is SubmissionState.DELIVERED and case.phase == "draft":
        return replace(case, phase="submitted", status=CaseStatus.SUBMITTED.value, version=case.version + 1)
    return case


def _submission(stored: Submission, delivery: Delivery) -> Submission:
    return replace(
        stored,
        state=delivery.state,
        case_id=delivery.case_id,
        cause=delivery.cause,
        reason=delivery.reason,
        attempts=delivery.attempts,
        delivered_at=delivery.delivered_at,
    )
