"""A case as it is once an event has been stored that may not be stored yet.

The live streams read `case.delivery.v1` beside the consumer that stores it, perhaps in another replica. Whichever comes
first, a stream must not show an older state than the event that made it look.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from case_api.domain.case import Case, Submission
from case_shared.events import CaseDelivery, CaseStatus, SubmissionState


@dataclass(frozen=True, slots=True)
class LiveCase:
    """A case as it is stored, with what tells whether an event about its current submission is news."""

    case: Case
    submission_id: UUID | None
    revision: int


def is_news(found: LiveCase, told: CaseDelivery | None) -> bool:
    """Whether `told` is about the case's current submission and not stored yet."""
    return (
        told is not None
        and found.submission_id == told.submission_id
        and found.case.submission_no == told.submission_no
        and found.revision < told.revision
    )


def with_delivery(found: LiveCase, told: CaseDelivery | None) -> Case:
    """The case with `told` where that is news, else as it is stored.

    One thing is left to the event that follows it: a delivery that comes after the case was returned to the dealer
    brings the submitted content back, which only the database has.
    """
    case = found.case
    if told is None or case.submission is None or not is_news(found, told):
        return case
    case = replace(case, submission=_submission(case.submission, told))
    if told.state is SubmissionState.RETURNED and case.phase == "submitted":
        return replace(case, phase="draft", status=CaseStatus.DRAFT.value, version=case.version + 1)
    if told.state is SubmissionState.DELIVERED and case.phase == "draft":
        return replace(case, phase="submitted", status=CaseStatus.SUBMITTED.value, version=case.version + 1)
    return case


def _submission(stored: Submission, told: CaseDelivery) -> Submission:
    delivered = told.occurred_at if told.state is SubmissionState.DELIVERED else None
    return replace(
        stored,
        state=told.state,
        case_id=told.case_id or stored.case_id,
        cause=told.cause,
        reason=told.reason,
        attempts=[attempt.model_dump(mode="json") for attempt in told.attempts],
        delivered_at=stored.delivered_at or delivered,
    )
