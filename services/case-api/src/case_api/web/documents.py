"""Makes the API's documents from the domain's objects."""

from collections.abc import Sequence

from case_api.domain.case import Case, Submission
from case_api.domain.list_query import Counts
from case_api.domain.timeline import Entry
from case_api.web.schemas import (
    CaseDocument,
    ContactDocument,
    CountsDocument,
    SubmissionDocument,
    Timeline,
    TimelineEntry,
)
from case_shared.words.events import CaseStatus


def case_document(case: Case) -> CaseDocument:
    """Return a case as its dealer sees it."""
    content = case.content
    return CaseDocument(
        web_case_id=case.web_case_id,
        case_id=case.case_id,
        dealer=case.dealer,
        status=CaseStatus(case.status),
        status_as_of=case.status_as_of,
        category=content.category,
        category_type=content.category_type,
        priority=content.priority,
        description=content.description,
        contact=_contact(case),
        notes=content.notes,
        created_by=case.created_by,
        created_at=case.created_at,
        updated_at=case.updated_at,
        submitted_at=case.submitted_at,
        submission=submission_document(case.submission) if case.submission else None,
        origin=case.origin,
        moved_at=case.moved_at,
        deleted_in_d365_at=case.deleted_in_d365_at,
        allowed_actions=case.allowed_actions,
    )


def _contact(case: Case) -> ContactDocument | None:
    name, email, phone = case.content.contact_name, case.content.contact_email, case.content.contact_phone
    return None if name is email is phone is None else ContactDocument(name=name, email=email, phone=phone)


def submission_document(submission: Submission) -> SubmissionDocument:
    """Return how far a submission has come."""
    return SubmissionDocument.model_validate(submission, from_attributes=True)


def counts_document(counts: Counts) -> CountsDocument:
    """Return how many cases match."""
    return CountsDocument.model_validate(counts, from_attributes=True)


def timeline_document(entries: Sequence[Entry]) -> Timeline:
    """Return a case's timeline."""
    return Timeline(items=[TimelineEntry.model_validate(entry, from_attributes=True) for entry in entries])


def etag(case: Case) -> str:
    """Return a strong ETag over what the dealer writes; D365's side does not change it."""
    return f'"{case.version}"'


def replay_header(*, replayed: bool) -> dict[str, str]:
    """Return the header that marks an answer as the one that an Idempotency-Key got before."""
    return {"Idempotency-Replayed": "true"} if replayed else {}
